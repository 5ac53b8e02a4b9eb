#!/usr/bin/env node
// After `npm install` on a network that serves only some platforms: adds the others to package-lock.json.
import { readFileSync, writeFileSync } from 'node:fs'
import { completeLock, missingPlatforms } from './lib/lockfile.mjs'

const file = new URL('../package-lock.json', import.meta.url)
const lock = JSON.parse(readFileSync(file, 'utf8'))
writeFileSync(file, `${JSON.stringify(completeLock(lock), null, 2)}\n`)
process.stderr.write(`package-lock.json: ${missingPlatforms(lock).length} platform packages added.\n`)
