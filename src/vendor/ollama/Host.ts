/**
 * Where Ollama is, as its own programs read it from `OLLAMA_HOST`.
 *
 * @since 0.1.0
 */

const ports: { readonly [scheme: string]: string } = { http: "80", https: "443" }

/** Of an IPv6 address, with or without brackets. */
const isIpv6 = (host: string): boolean => (host.match(/:/g) ?? []).length > 1

const split = (host: string): readonly [name: string, port: string | undefined] => {
  const bracketed = /^\[(.*)\](?::(\d*))?$/.exec(host)
  if (bracketed !== null) return [bracketed[1]!, bracketed[2]]
  if (isIpv6(host)) return [host, undefined]
  const colon = host.indexOf(":")
  return colon < 0 ? [host, undefined] : [host.slice(0, colon), host.slice(colon + 1)]
}

const isPort = (port: string | undefined): port is string =>
  port !== undefined && /^\d{1,5}$/.test(port) && Number(port) <= 65_535

/**
 * The base URL of the API on a host: a name or address, alone or with a scheme, a port or a path; what it leaves out is
 * `http://127.0.0.1:11434`, with the scheme's own port where a scheme is given.
 *
 * An address to listen on (`0.0.0.0`, `[::]`) is called at the loopback. A port that is none is the default.
 *
 * @since 0.1.0
 * @category conversions
 */
export const baseUrl = (host: string): string => {
  const [, given, rest] = /^(?:(\w+):\/\/)?(.*)$/s.exec(host.trim())!
  const isCloud = given === undefined && rest === "ollama.com"
  const scheme = isCloud || given === "https" ? "https" : "http"
  const slash = rest!.indexOf("/")
  const path = slash < 0 ? "" : rest!.slice(slash).replace(/\/+$/, "")
  const [name, port] = split(slash < 0 ? rest! : rest!.slice(0, slash))
  const defaultPort = isCloud ? "443" : given === undefined ? "11434" : ports[given] ?? "11434"
  return `${scheme}://${callable(name)}:${isPort(port) ? port : defaultPort}${path}/api`
}

const callable = (name: string): string =>
  name === "" || name === "0.0.0.0" ? "127.0.0.1" : name === "::" ? "[::1]" : isIpv6(name) ? `[${name}]` : name
