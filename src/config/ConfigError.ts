/**
 * What is wrong with how a dispatcher was put together.
 *
 * @since 0.1.0
 */
import { Schema } from "effect"

/**
 * The place in the options, and what is wrong there.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConfigError extends Schema.TaggedError<ConfigError>("llmdispatcher/ConfigError")("ConfigError", {
  path: Schema.String,
  description: Schema.String
}) {
  override get message(): string {
    return `${this.path}: ${this.description}`
  }
}
