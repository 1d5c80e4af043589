import { API_FLAGS, type ApiClass, type ApiPackage, apiPackages } from '@gridcard/cap'
import { platform } from '../src/api/platform.ts'
import { NativeObjects } from './native-objects.ts'

/** What a card refuses of a class, as it answers when asked. */
interface Refusal {
  readonly className: string
  readonly what: string
  ask(api: NativeObjects): ReturnType<NativeObjects['callStatic']>
}

const bytes = (api: NativeObjects) => api.array(4)
const convert = (encoding: number) => (api: NativeObjects) =>
  api.callStatic(
    'javacardx/framework/string/StringUtil.convertTo([BSS[BSB)S',
    bytes(api),
    0,
    1,
    bytes(api),
    0,
    encoding,
  )
const buildTemplate = (type: number) => (api: NativeObjects) =>
  api.callStatic('javacardx/biometry/BioBuilder.buildBioTemplate(BB)Ljavacardx/biometry/OwnerBioTemplate;', type, 3)
const getMemory = (type: number) => (api: NativeObjects) =>
  api.callStatic(
    'javacardx/external/Memory.getMemoryAccessInstance(B[SS)Ljavacardx/external/MemoryAccess;',
    type,
    api.shorts(0, 16),
    0,
  )
const SENSITIVE_ARRAYS = 'javacard/framework/SensitiveArrays'

const REFUSALS: readonly Refusal[] = [
  {
    className: SENSITIVE_ARRAYS,
    what: 'makeIntegritySensitiveArray',
    ask: (api) => api.callStatic(`${SENSITIVE_ARRAYS}.makeIntegritySensitiveArray(BBS)Ljava/lang/Object;`, 2, 0, 4),
  },
  {
    className: SENSITIVE_ARRAYS,
    what: 'assertIntegrity and clearArray of any array',
    ask: (api) => api.callStatic(`${SENSITIVE_ARRAYS}.clearArray(Ljava/lang/Object;)S`, bytes(api)),
  },
  { className: 'javacardx/biometry/BioBuilder', what: 'every type but PASSWORD', ask: buildTemplate(3) },
  {
    className: 'javacardx/biometry1toN/Bio1toNBuilder',
    what: 'every type but PASSWORD',
    ask: (api) =>
      api.callStatic(
        'javacardx/biometry1toN/Bio1toNBuilder.buildBioMatcher(SBB)Ljavacardx/biometry1toN/OwnerBioMatcher;',
        1,
        3,
        3,
      ),
  },
  { className: 'javacardx/external/Memory', what: 'MEMORY_TYPE_MIFARE', ask: getMemory(1) },
  {
    className: 'javacardx/framework/event/EventRegistry',
    what: 'every source: no object here is one',
    ask: (api) =>
      api.callStatic(
        'javacardx/framework/event/EventRegistry.getEventRegistry(Ljavacardx/framework/event/EventSource;)Ljavacardx/framework/event/EventRegistry;',
        api.make('java/lang/Object', '()V'),
      ),
  },
  { className: 'javacardx/framework/string/StringUtil', what: 'GSM_7', ask: convert(6) },
]

const INTRODUCTION = `# The Java Card API, level 3.2

What a card has of each package and class: all of its methods, or which it refuses and how. A package that refers to a
class or method of this level loads, also where the answer is a refusal; the one thing that is refused while loading is a
method that is missing here. Which algorithms there are, says [algorithms.md](algorithms.md). Made by asking a card; a test
compares. Do not edit.
`

/** Methods that nothing stands behind: a package that calls one does not load. */
export function missingMembers(one: ApiClass): string[] {
  const library = platform()
  const linked = library.requireClass(one.name)
  const missing = one.methods.filter((declared) => {
    if (declared.space === 'interface' || linked.isInterface) return false
    const method = (declared.space === 'virtual' ? linked.virtualMethods : linked.staticMethods)[declared.token]
    return method === undefined || !library.isCallable(method)
  })
  const fields = one.fields.filter(
    (field) => field.token !== 255 && library.staticField(linked, field.token) === undefined,
  )
  return [...missing.map((method) => method.name + method.desc), ...fields.map((field) => field.name)]
}

export function javaCardPackages(): readonly ApiPackage[] {
  return apiPackages('3.2.0').filter((one) => one.name.startsWith('java'))
}

/** `docs/java-card-api.md`. */
export function apiDocument(): string {
  const packages = [...javaCardPackages()].sort((a, b) => (a.name < b.name ? -1 : 1))
  const tables = packages.map((one) => {
    const rows = one.classes.map(
      (api) => `| ${simpleName(api)} | ${kindOf(api)} | ${api.methods.length} | ${answer(api)} |`,
    )
    return `## ${one.name} ${one.version}\n\n| | | methods | |\n|---|---|---|---|\n${rows.join('\n')}\n`
  })
  return [INTRODUCTION, ...tables].join('\n')
}

const simpleName = (api: ApiClass): string => api.name.slice(api.name.lastIndexOf('/') + 1).replace('$', '.')

function kindOf(api: ApiClass): string {
  if ((api.access_flags & API_FLAGS.INTERFACE) !== 0) return 'interface'
  return api.name.endsWith('Exception') ? 'exception' : 'class'
}

function answer(api: ApiClass): string {
  const missing = missingMembers(api)
  if (missing.length > 0) return `missing: ${missing.map((one) => one.replace(/\(.*/, '')).join(', ')}`
  const refused = REFUSALS.filter((one) => one.className === api.name)
  return refused.length === 0 ? 'complete' : `refuses ${refused.map(refusalText).join('; ')}`
}

function refusalText({ what, ask }: Refusal): string {
  const result = ask(new NativeObjects())
  if ('value' in result) throw new Error(`${what} is not refused`)
  return `${what}: ${result.thrown}${result.reason === undefined ? '' : ` ${result.reason}`}`
}
