/**
 * Loaded before Portkey's gateway: it adds to the headers of what `fetch` answered, which today's Node does not allow, so
 * without this every stream of its ends as a 500.
 */
const { fetch, Response } = globalThis

globalThis.fetch = async (...args: Parameters<typeof fetch>): ReturnType<typeof fetch> => {
  const response = await fetch(...args)
  const { body, headers, status, statusText } = response
  return new Response(body, { headers: new Headers(headers), status, statusText })
}
