import type { SecretStore } from '../src/keys/key-store.ts'

/** For tests of what keeps a secret, without the sealed file. */
export function memorySecrets(held: Readonly<Record<string, Uint8Array>> = {}): SecretStore {
  const secrets = new Map(Object.entries(held))
  return {
    findSecret: (name) => secrets.get(name)?.slice(),
    async putSecret(name, secret) {
      secrets.set(name, secret.slice())
    },
  }
}
