#!/usr/bin/env node
import { enableCompileCache } from 'node:module'
import { homedir } from 'node:os'
import { join } from 'node:path'

// Halves the start of a command. In a folder of the user's own: whoever can write there runs code as the user.
enableCompileCache(join(process.env['XDG_CACHE_HOME'] || join(homedir(), '.cache'), 'gridcard', 'compile-cache'))
const { gridcard } = await import('./program.ts')

process.exitCode = await gridcard(process.argv.slice(2))
