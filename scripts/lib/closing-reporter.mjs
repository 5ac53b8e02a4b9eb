/**
 * A node:test reporter of one closing paragraph: which tests were skipped and why, and the counts.
 * Invariant: with TUTTI_TEST_FULL=1 a skipped test fails the run, so that "green" means that everything ran.
 */
export default async function* closing(events) {
  const counts = { passed: 0, failed: 0 }
  const skipped = []
  const files = new Set()
  for await (const { type, data } of events) {
    if (type !== 'test:pass' && type !== 'test:fail') continue
    if (data.details?.type === 'suite' || isWholeFile(data)) continue
    if (data.file) files.add(data.file)
    if (data.skip !== undefined) skipped.push(`${data.name}: ${data.skip === true ? 'no reason given' : data.skip}`)
    else counts[type === 'test:pass' ? 'passed' : 'failed'] += 1
  }
  const total = counts.passed + counts.failed + skipped.length
  for (const line of skipped) yield `skipped: ${line}\n`
  yield `${total} tests in ${files.size} files: ${counts.passed} passed, ${counts.failed} failed, ${skipped.length} skipped\n`
  if (skipped.length > 0 && process.env.TUTTI_TEST_FULL === '1') {
    yield 'TUTTI_TEST_FULL=1 allows no skipped test: install what the lines above name.\n'
    process.exitCode = 1
  }
}

/** A file that could not even be loaded is reported as one failed test of its own; a file that ran is not a test. */
const isWholeFile = (data) => data.nesting === 0 && data.details?.passed === true && data.name === data.file
