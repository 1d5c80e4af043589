import { Icon } from '../icons/icon.tsx'
import { themes } from './theme.ts'
import { useTheme } from './use-theme.ts'

const names = { auto: 'Automatic', light: 'Light', dark: 'Dark' } as const

export function ThemeToggle() {
  const [theme, choose] = useTheme()
  return (
    <fieldset className="segments">
      <legend className="visually-hidden">Theme</legend>
      {themes.map((each) => (
        <label key={each} className="segment segment-icon" title={`${names[each]} theme`}>
          <input
            className="visually-hidden"
            type="radio"
            name="theme"
            value={each}
            checked={theme === each}
            onChange={() => choose(each)}
          />
          <Icon name={each} />
          <span className="visually-hidden">{names[each]}</span>
        </label>
      ))}
    </fieldset>
  )
}
