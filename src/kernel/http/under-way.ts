import type { ServerResponse } from 'node:http'
import { type Caller, isSignedIn } from '#kernel/caller.ts'
import type { AccessEnded } from '#kernel/credentials/names.ts'
import { isAbout } from '#kernel/credentials/notices.ts'

type Answer = Pick<ServerResponse, 'destroy' | 'once' | 'writableFinished'>

/** Answers of bytes that are on their way to somebody signed in. */
export type UnderWay = {
  /** Kept until the answer has ended. */
  add(who: Caller, answer: Answer): void
  /** Breaks off what goes to a session, a key or a user whose access has ended. */
  cut(ended: AccessEnded): void
}

export function createUnderWay(): UnderWay {
  const byUser = new Map<string, Map<Answer, Caller>>()
  return {
    add(who, answer) {
      if (!isSignedIn(who)) return
      const answers = byUser.get(who.userId) ?? new Map<Answer, Caller>()
      byUser.set(who.userId, answers.set(answer, who))
      answer.once('close', () => {
        answers.delete(answer)
        if (answers.size === 0 && byUser.get(who.userId) === answers) byUser.delete(who.userId)
      })
    },
    cut(ended) {
      if (ended.why === 'role') return
      for (const [answer, { userId = '', sessionId, keyId }] of byUser.get(ended.userId) ?? [])
        if (isAbout(ended, { userId, sessionId, keyId }) && !answer.writableFinished) answer.destroy()
    },
  }
}
