/**
 * What is wrong with a text or a name of a request, `undefined` where nothing is; the words follow the field's name.
 *
 * @since 0.1.0
 */

/** C0 controls and DEL, but for tab, newline and carriage return. */
// oxlint-disable-next-line no-control-regex
const controlInText = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/
// oxlint-disable-next-line no-control-regex
const controlInName = /[\u0000-\u001f\u007f-\u009f]/

/**
 * Of what is said to a model; whether it may be blank is not looked at here.
 *
 * @since 0.1.0
 * @category accessors
 */
export const ofText = (text: string): string | undefined =>
  controlInText.test(text)
    ? "holds a control character"
    : text.isWellFormed()
    ? undefined
    : "holds half of a surrogate pair"

/**
 * Of a name of at most `longest` characters.
 *
 * @since 0.1.0
 * @category accessors
 */
export const ofName = (name: string, longest: number): string | undefined =>
  name.trim() === ""
    ? "must not be empty"
    : name.length > longest
    ? `must have at most ${longest} characters, got ${name.length}`
    : controlInName.test(name)
    ? "holds a control character"
    : undefined

/**
 * Of a tool's name.
 *
 * @since 0.1.0
 * @category accessors
 */
export const ofToolName = (name: string): string | undefined =>
  /^[a-zA-Z0-9_.:-]{1,128}$/.test(name)
    ? undefined
    : "must be 1 to 128 letters, digits, underscores, dashes, dots or colons"

/**
 * Of the name of an answer's form.
 *
 * @since 0.1.0
 * @category accessors
 */
export const ofFormatName = (name: string): string | undefined =>
  /^[a-zA-Z0-9_-]{1,64}$/.test(name) ? undefined : "must be 1 to 64 letters, digits, underscores or dashes"
