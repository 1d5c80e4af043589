import { fromAscii } from '@gridcard/bytes'
import { describe, expect, test } from 'vitest'
import {
  type AssociationUser,
  associationLnObject,
  type CosemObject,
  cosem,
  DlmsError,
  logicalNameBytes,
  type MechanismName,
  type ObjectListChange,
  ObjectRights,
  securityPolicy,
} from '../src/index.ts'
import { serverTitle } from './sample-device.ts'
import {
  benchSlot,
  energy,
  energyValue,
  freshKeys,
  keyedModule,
  type SecuredBenchOptions,
  securedBench,
} from './secured-bench.ts'

const codeOf = async (promise: Promise<unknown>): Promise<string> => {
  try {
    await promise
    return 'resolved'
  } catch (error) {
    if (error instanceof DlmsError) return error.code
    throw error
  }
}

const logicalName = '0.0.40.0.3.255'
const name = { classId: 15, logicalName }

describe('users', () => {
  const usersOf = (...initial: AssociationUser[]) => {
    let users = initial
    return {
      list: () => users,
      add: (user: AssociationUser) => {
        users = [...users, user]
      },
      remove: ({ id }: AssociationUser) => {
        users = users.filter((user) => user.id !== id)
      },
    }
  }
  const bench = (userId: number | undefined, users: ReturnType<typeof usersOf>, association = {}) =>
    securedBench({
      association: { users, ...association },
      client: userId === undefined ? {} : { userId },
      objects: [associationLnObject({ logicalName, version: 2, objects: () => [] })],
    })

  test.each([undefined, 8])('nobody but a listed one comes in: %s', async (userId) => {
    const { client, events } = bench(userId, usersOf({ id: 7, name: 'reader' }))
    expect(await codeOf(client.associate())).toBe('DLMS_ASSOCIATION_REFUSED')
    expect(events).toMatchObject([{ kind: 'association-refused', reason: 'unknown user' }])
  })

  test('a listed one comes in, is told, and makes others', async () => {
    const users = usersOf({ id: 7, name: 'reader' })
    const { client } = bench(7, users)
    await client.associate()
    const user = (id: number, text: string) => cosem.structure(cosem.unsigned(id), cosem.visibleString(text))
    expect(await client.get({ ...name, attributeIndex: 11 })).toEqual(user(7, 'reader'))
    expect(await codeOf(client.action({ ...name, methodIndex: 5 }, cosem.unsigned(1)))).toBe('DLMS_ACTION_REFUSED')
    await client.action({ ...name, methodIndex: 5 }, user(9, 'service'))
    expect(await client.get({ ...name, attributeIndex: 10 })).toEqual(
      cosem.array([user(7, 'reader'), user(9, 'service')]),
    )
    await client.action({ ...name, methodIndex: 6 }, user(9, 'service'))
    expect(users.list()).toHaveLength(1)
  })

  test('in clear nobody is added', async () => {
    const { client } = bench(undefined, usersOf(), { mechanism: 'none', ciphered: false })
    await client.associate()
    expect(
      await codeOf(
        client.action({ ...name, methodIndex: 5 }, cosem.structure(cosem.unsigned(1), cosem.visibleString('x'))),
      ),
    ).toBe('DLMS_ACTION_REFUSED')
  })
})

describe('secrets', () => {
  const bench = (mechanism: MechanismName, more: Partial<SecuredBenchOptions> = {}) => {
    const keys = freshKeys(0)
    const atServer = keyedModule(serverTitle, keys.server)
    const password = { now: fromAscii('12345678') }
    const { association, client, ...rest } = more
    return {
      password,
      ...securedBench({
        association: { mechanism, password: () => password.now, ...association },
        client: { password: fromAscii('12345678'), allowsBrokenHashes: true, ...client },
        server: { allowsPasswordsInClear: true, allowsBrokenHashes: true },
        clientKeys: keys.client,
        serverModule: atServer,
        objects: [
          associationLnObject({
            logicalName,
            objects: () => [],
            security: atServer.module,
            changePassword: (_association, changed) => {
              password.now = changed
            },
          }),
        ],
        ...rest,
      }),
    }
  }
  const change = { ...name, methodIndex: 2 }
  const secret = { ...name, attributeIndex: 7 }

  test.each<MechanismName>(['hls-gmac', 'hls-md5'])(
    '%s: one is neither read nor changed without ciphering',
    async (mechanism) => {
      const { client, atServer } = bench(mechanism, { association: { ciphered: false }, client: { ciphering: false } })
      const before = atServer.kept.keys
      await client.associate()
      expect(await codeOf(client.get(secret))).toBe('DLMS_ACCESS_REFUSED')
      expect(await codeOf(client.action(change, cosem.octetString(fromAscii('another secret'))))).toBe(
        'DLMS_ACTION_REFUSED',
      )
      expect(atServer.kept.keys).toBe(before)
    },
  )

  test('change_HLS_secret: only an octet-string, only where there is one, and from the next association on', async () => {
    const none = bench('hls-gmac')
    await none.client.associate()
    expect(await codeOf(none.client.action(change, cosem.octetString(fromAscii('another secret'))))).toBe(
      'DLMS_ACTION_REFUSED',
    )
    const { client, atClient } = bench('hls-sha256')
    await client.associate()
    expect(await codeOf(client.action(change, cosem.unsigned(1)))).toBe('DLMS_ACTION_REFUSED')
    await client.action(change, cosem.octetString(fromAscii('another secret')))
    expect(await client.get(energy)).toEqual(energyValue)
    await client.release()
    expect(await codeOf(client.associate())).toBe('DLMS_EXCEPTION_RESPONSE')
    await atClient.module.keyManagement!.changeHlsSecret(benchSlot, fromAscii('another secret'))
    await atClient.module.keyManagement!.commit(benchSlot)
    await client.associate()
    expect(await client.get(energy)).toEqual(energyValue)
  })

  test('a password changes by SET, ciphered, and is never read', async () => {
    const plain = bench('lls', { association: { ciphered: false }, client: { ciphering: false } })
    await plain.client.associate()
    expect(await codeOf(plain.client.set(secret, cosem.octetString(fromAscii('87654321'))))).toBe('DLMS_ACCESS_REFUSED')
    const { client, password } = bench('lls')
    await client.associate()
    expect(await codeOf(client.get(secret))).toBe('DLMS_ACCESS_REFUSED')
    expect(await codeOf(client.set(secret, cosem.octetString(new Uint8Array(65))))).toBe('DLMS_ACCESS_REFUSED')
    await client.set(secret, cosem.octetString(fromAscii('87654321')))
    expect(password.now).toEqual(fromAscii('87654321'))
    await client.release()
    expect(await codeOf(client.associate())).toBe('DLMS_ASSOCIATION_REFUSED')
  })
})

describe('access rights', () => {
  const { signedRequest, encryptedResponse } = securityPolicy
  const rights = async (version: 1 | 2 | 3, ciphered: boolean) => {
    const objects: CosemObject[] = []
    const object = associationLnObject({ logicalName, version, objects: () => objects })
    objects.push(object)
    const { client } = securedBench({
      association: {
        ...(ciphered ? { policy: 0x24 } : { ciphered: false, mechanism: 'none' }),
        access: (_object, index, kind) => kind === 'read' || (kind === 'invoke' && index === 2),
        protection: (_object, index, kind) =>
          ciphered && index === 2 ? (kind === 'read' ? encryptedResponse : signedRequest) : 0,
      },
      client: ciphered ? { ciphering: { policy: 0x24 } } : {},
      objects,
    })
    await client.associate()
    const list = await client.get({ ...name, attributeIndex: 2 })
    const row = list.type === 'array' ? list.value[0] : undefined
    const access = row?.type === 'structure' ? row.value[3] : undefined
    const [attributes, methods] = access?.type === 'structure' ? access.value : []
    const modes = (of: typeof attributes) =>
      of?.type === 'array' ? of.value.map((item) => (item.type === 'structure' ? item.value[1] : undefined)) : []
    const numbers = (of: typeof attributes) => modes(of).map((mode) => (mode?.type === 'enum' ? mode.value : undefined))
    return [numbers(attributes), numbers(methods)]
  }

  test('of version 1 are an enum, authenticated or not', async () => {
    expect(await rights(1, false)).toEqual([
      [1, 1, 1, 1, 1, 1, 0, 1, 1],
      [0, 1, 0, 0],
    ])
    expect(await rights(1, true)).toEqual([
      [4, 4, 4, 4, 4, 4, 0, 4, 4],
      [0, 2, 0, 0],
    ])
  })

  test('of version 3 are bits, with the protection of the policy and of the attribute', async () => {
    expect(await rights(3, true)).toEqual([
      [0x25, 0x25 | encryptedResponse | signedRequest, 0x25, 0x25, 0x25, 0x25, 0, 0x25, 0x25, 0x25, 0x25],
      [0, 0x25 | signedRequest, 0, 0, 0, 0],
    ])
  })
})

describe('add_object and remove_object', () => {
  const element = (
    { classId, version, logicalName: named }: Pick<CosemObject, 'classId' | 'version' | 'logicalName'>,
    attributes: readonly (readonly [number, number])[],
    methods: readonly (readonly [number, number])[] = [],
  ) =>
    cosem.structure(
      cosem.longUnsigned(classId),
      cosem.unsigned(version),
      cosem.octetString(logicalNameBytes(named)),
      cosem.structure(
        cosem.array(
          attributes.map(([index, mode]) =>
            cosem.structure(cosem.integer(index), cosem.enumeration(mode), cosem.nullData),
          ),
        ),
        cosem.array(methods.map(([index, mode]) => cosem.structure(cosem.integer(index), cosem.enumeration(mode)))),
      ),
    )
  const register = { classId: 3, version: 0, logicalName: '1.0.1.8.0.255' }
  const add = { ...name, methodIndex: 3 }
  const remove = { ...name, methodIndex: 4 }

  const bench = (version: 1 | 3 = 1, more: SecuredBenchOptions = {}) => {
    const changes: ObjectListChange[] = []
    const rights = new ObjectRights(
      (object, index, kind) => object.classId !== 3 || (kind === 'read' && index < 3),
      (change) => void changes.push(change),
    )
    const objects: CosemObject[] = []
    const object = associationLnObject({ logicalName, version, objects: () => objects, rights: () => rights })
    const suite = version === 3 ? 1 : 0
    const secured = securedBench({
      suite,
      association: {
        access: (of, index, kind) => rights.access(of, index, kind),
        protection: (of, index, kind) => rights.protection(of, index, kind),
      },
      objects: [object],
      ...more,
    })
    objects.push(object, { ...register, attributeCount: 3, methodCount: 1 } as CosemObject)
    return { ...secured, changes, rights }
  }

  test('are refused without authentication, and for what is not there or of another version', async () => {
    const clear = bench(1, { association: { mechanism: 'none', ciphered: false }, client: { ciphering: false } })
    await clear.client.associate()
    expect(await codeOf(clear.client.action(remove, element(register, [])))).toBe('DLMS_ACTION_REFUSED')
    const { client, changes } = bench()
    await client.associate()
    for (const parameter of [
      undefined,
      cosem.unsigned(1),
      cosem.structure(cosem.longUnsigned(3)),
      element({ ...register, logicalName: '1.0.9.9.9.255' }, []),
      element({ ...register, version: 9 }, []),
    ]) {
      expect(await codeOf(client.action(add, parameter))).toBe('DLMS_ACTION_REFUSED')
      expect(await codeOf(client.action(remove, parameter))).toBe('DLMS_ACTION_REFUSED')
    }
    const itself = { classId: 15, version: 1, logicalName }
    expect(await codeOf(client.action(remove, element(itself, [])))).toBe('DLMS_ACTION_REFUSED')
    expect(changes).toEqual([])
    const standing = securedBench({ objects: [associationLnObject({ logicalName, objects: () => [] })] })
    await standing.client.associate()
    expect(await codeOf(standing.client.action(remove, element(register, [])))).toBe('DLMS_ACTION_REFUSED')
  })

  test('take an object away and give it back, with what its element says and never more than the maker gave', async () => {
    const { client, changes } = bench()
    await client.associate()
    expect(await client.get(energy)).toEqual(energyValue)
    await client.action(remove, element(register, []))
    expect(await codeOf(client.get(energy))).toBe('DLMS_ACCESS_REFUSED')
    expect(await codeOf(client.get({ ...energy, attributeIndex: 1 }))).toBe('DLMS_ACCESS_REFUSED')
    await client.action(
      add,
      element(register, [
        [2, 6],
        [3, 3],
      ]),
    )
    expect(await client.get(energy)).toEqual(energyValue)
    expect(await codeOf(client.get({ ...energy, attributeIndex: 3 }))).toBe('DLMS_ACCESS_REFUSED')
    expect(await codeOf(client.set(energy, energyValue))).toBe('DLMS_ACCESS_REFUSED')
    await client.action(add, element(register, [[2, 0]]))
    expect(await codeOf(client.get(energy))).toBe('DLMS_ACCESS_REFUSED')
    expect((await client.get({ ...energy, attributeIndex: 1 })).type).toBe('octet-string')
    expect(changes.map(({ kind }) => kind)).toEqual(['removed', 'added', 'added'])
    // After a restart the changes are given back.
    const again = bench()
    for (const change of changes) again.rights.apply(change, false)
    await again.client.associate()
    expect(await codeOf(again.client.get(energy))).toBe('DLMS_ACCESS_REFUSED')
  })

  test('of version 3 bring the protection of their bits along', async () => {
    const { client } = bench(3)
    await client.associate()
    await client.action(add, element(register, [[2, 1 | securityPolicy.signedRequest]]))
    expect(await codeOf(client.get(energy))).toBe('DLMS_ACCESS_REFUSED')
    await client.action(add, element(register, [[2, 1 | securityPolicy.encryptedRequest]]))
    expect(await client.get(energy)).toEqual(energyValue)
  })
})
