// What the component is given under jco: its environment and its directory.
//
// jco uses the copy of the preview2 shim that is nested below it, where there is one.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const modules = new URL('./node_modules/', import.meta.url);
const nested = new URL('@bytecodealliance/jco/node_modules/@bytecodealliance/preview2-shim/', modules);
const shim = existsSync(fileURLToPath(nested)) ? nested : new URL('@bytecodealliance/preview2-shim/', modules);
const { _setEnv } = await import(new URL('dist/nodejs/cli.js', shim));
const { _addPreopen, _setPreopens } = await import(new URL('dist/nodejs/filesystem.js', shim));

const wanted = Object.entries(process.env).filter(([name]) => /^(COMMAND_CENTER|ACCULYNX)_/.test(name));
_setEnv(Object.fromEntries(wanted));
_setPreopens({});
_addPreopen('/data', process.env.DATA_DIR);
