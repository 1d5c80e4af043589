import {
  DlmsClient,
  type DlmsClientOptions,
  DlmsError,
  type GetResult,
  ShortNameClient,
  type ShortNameObject,
} from '@gridcard/dlms'

/** What the commands ask of a meter, whether it has logical names or short ones only. */
export interface MeterClient
  extends Pick<DlmsClient, 'associate' | 'get' | 'set' | 'action' | 'getWithList' | 'release'> {
  /** Of a meter with short names: its objects. */
  readonly objectList?: () => Promise<readonly ShortNameObject[]>
}

export function meterClient(options: DlmsClientOptions, hasShortNames: boolean): MeterClient {
  return hasShortNames ? new ShortNameMeter(options) : new DlmsClient(options)
}

/** Short names have no request for attributes of different objects that refuses one and gives the others by name. */
class ShortNameMeter extends ShortNameClient implements MeterClient {
  async getWithList(items: Parameters<DlmsClient['getWithList']>[0]): Promise<GetResult[]> {
    const results: GetResult[] = []
    for (const { attribute, selection } of items) {
      results.push(
        await this.get(attribute, selection).then(
          (data) => ({ ok: true, data }) as const,
          (error: unknown) => ({ ok: false, result: resultOf(error) }) as const,
        ),
      )
    }
    return results
  }
}

/** The data-access-result of a refusal; any other error goes on. */
function resultOf(error: unknown): Extract<GetResult, { ok: false }>['result'] {
  const result = error instanceof DlmsError && error.code === 'DLMS_ACCESS_REFUSED' ? error.place['result'] : undefined
  if (typeof result !== 'string' && typeof result !== 'number') throw error
  return result as Extract<GetResult, { ok: false }>['result'] // the client makes it of one
}
