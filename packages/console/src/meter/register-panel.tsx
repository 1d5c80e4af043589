import type { RegisterReading } from '@gridcard/headend/api'
import { Instant } from '../clock/instant.tsx'
import { orderRegisters, registerQuantity } from '../format/register.ts'
import { Empty } from '../shell/problem.tsx'

export function RegisterPanel({ registers }: { registers: readonly RegisterReading[] }) {
  const readAt = registers[0]?.readAt
  return (
    <section className="panel" aria-labelledby="registers-title">
      <div className="section-head">
        <h2 id="registers-title" className="section-title">
          Registers
        </h2>
        {readAt !== undefined && (
          <p className="section-note">
            read <Instant at={readAt} />
          </p>
        )}
      </div>
      {registers.length === 0 ? (
        <Empty title="Not read yet" />
      ) : (
        <table className="data-table">
          <thead className="visually-hidden">
            <tr>
              <th scope="col">Register and logical name</th>
              <th scope="col">Value</th>
            </tr>
          </thead>
          <tbody>
            {orderRegisters(registers).map((register) => (
              <RegisterRow key={register.logicalName} register={register} />
            ))}
          </tbody>
        </table>
      )}
    </section>
  )
}

function RegisterRow({ register }: { register: RegisterReading }) {
  const { figure, unit } = registerQuantity(register)
  return (
    <tr>
      <th scope="row">
        <span className="register-name">
          <span>{register.name}</span> <span className="code cell-soft">{register.logicalName}</span>
        </span>
      </th>
      <td className="cell-figure">
        {figure} <span className="cell-unit">{unit}</span>
      </td>
    </tr>
  )
}
