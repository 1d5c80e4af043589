#!/usr/bin/env node
import { gridcard } from './program.ts'

process.exitCode = await gridcard(process.argv.slice(2))
