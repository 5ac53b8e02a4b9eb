import { Worker } from 'node:worker_threads'

/**
 * Ends this process soon after its parent has gone, even in the middle of a long computation: the watch runs in a
 * thread of its own. (Where a parent's death does not change the parent id, as on Windows, a closed pipe must do.)
 */
export function dieWithParent(): void {
  const source = `const parent=process.ppid;setInterval(()=>{if(process.ppid!==parent)process.kill(process.pid,'SIGKILL')},500)`
  new Worker(source, { eval: true, resourceLimits: { maxOldGenerationSizeMb: 8 } }).unref()
}
