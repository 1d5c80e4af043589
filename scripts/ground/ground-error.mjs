/** The ground cannot be laid: the message is for people, the exit code for programs (2: something is missing here). */
export class GroundError extends Error {
  /**
   * @param {string} message
   * @param {number} exitCode
   */
  constructor(message, exitCode = 2) {
    super(message)
    this.name = 'GroundError'
    this.exitCode = exitCode
  }
}
