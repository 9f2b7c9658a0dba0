/** Bodies of `generateContent`, each in the form in which they are sent on, and the model they are sent to. */

/** The red dot of the PNG specification's examples, 1 × 1. */
export const dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="

const user = (...parts: ReadonlyArray<unknown>) => ({ role: "user", parts })
const model = (...parts: ReadonlyArray<unknown>) => ({ role: "model", parts })
const contents = [user({ text: "Hello" })]

const weather = {
  name: "weather",
  description: "The weather of a city.",
  parametersJsonSchema: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    propertyOrdering: ["city"]
  }
}
const now = { name: "now", description: "" }
const functions = (...functionDeclarations: ReadonlyArray<unknown>) => [{ functionDeclarations }]
const mode = (mode: string, ...allowedFunctionNames: ReadonlyArray<string>) => ({
  functionCallingConfig: { mode, ...(allowedFunctionNames.length === 0 ? undefined : { allowedFunctionNames }) }
})

const signature = "c2lnbmF0dXJl"

export const bodies: { readonly [name: string]: readonly [body: Record<string, unknown>, model?: string] } = {
  "a question": [{ contents }],
  system: [{ systemInstruction: { parts: [{ text: "Be short." }, { text: "In French." }] }, contents }],
  sampling: [{
    contents,
    generationConfig: {
      maxOutputTokens: 100,
      temperature: 1.5,
      topP: 0.9,
      topK: 40,
      seed: 7,
      stopSequences: ["END"]
    }
  }],
  penalties: [{ contents, generationConfig: { frequencyPenalty: 0.5, presencePenalty: -0.5 } }, "gemini-2.0-flash"],
  "many turns": [{ contents: [user({ text: "A" }), model({ text: "B" }), user({ text: "C" }, { text: "D" })] }],
  files: [{
    contents: [user(
      { text: "Look:" },
      { inlineData: { mimeType: "image/png", data: dot }, mediaResolution: { level: "MEDIA_RESOLUTION_LOW" } },
      { inlineData: { mimeType: "audio/mp3", data: "AAAA" } },
      { fileData: { mimeType: "application/pdf", fileUri: "https://x.test/a.pdf" } },
      { fileData: { mimeType: "video/mp4", fileUri: "gs://bucket/a.mp4" }, videoMetadata: { startOffset: "1s" } },
      { fileData: { fileUri: "https://www.youtube.com/watch?v=x" } }
    )]
  }],
  "calls and responses without ids": [{
    contents: [
      user({ text: "Weather?" }),
      model(
        { text: "Hm.", thought: true },
        { text: "I look.", thoughtSignature: signature },
        { functionCall: { name: "weather", args: { city: "Bern" } }, thoughtSignature: signature },
        { functionCall: { name: "weather", args: { city: "Chur" } } },
        { functionCall: { name: "now", args: {} } }
      ),
      user(
        { functionResponse: { name: "weather", response: { degrees: 1 } } },
        { functionResponse: { name: "weather", response: { error: "no such city" } } },
        { functionResponse: { name: "now", response: { output: "noon" } } },
        { text: "So?" }
      )
    ],
    tools: functions(weather, now)
  }],
  "calls and responses with ids": [{
    contents: [
      user({ text: "Weather?" }),
      model(
        { functionCall: { id: "a", name: "weather", args: {} } },
        { functionCall: { id: "b", name: "weather", args: {} } }
      ),
      user(
        { functionResponse: { id: "a", name: "weather", response: { degrees: 1 } } },
        { functionResponse: { id: "b", name: "weather", response: { list: [1, null] } } }
      )
    ]
  }],
  "a response with a file": [{
    contents: [
      user({ text: "Map?" }),
      model({ functionCall: { name: "map", args: {} }, thoughtSignature: signature }),
      user({
        functionResponse: {
          name: "map",
          response: { output: "here" },
          parts: [{ inlineData: { mimeType: "image/png", data: dot } }]
        }
      })
    ]
  }, "gemini-3-pro-preview"],
  "what the API itself executed": [{
    contents: [
      user({ text: "1+1?" }),
      model(
        { executableCode: { language: "PYTHON", code: "1+1" }, thoughtSignature: signature },
        { codeExecutionResult: { outcome: "OUTCOME_OK", output: "2" } },
        { toolCall: { id: "t", toolType: "GOOGLE_SEARCH_WEB", args: { queries: ["x"] } } },
        { toolResponse: { id: "t", toolType: "GOOGLE_SEARCH_WEB", response: { x: 1 } } },
        { inlineData: { mimeType: "image/png", data: dot }, thought: true, thoughtSignature: signature },
        { text: "2" }
      ),
      user({ text: "And 2+2?" })
    ],
    tools: [{ codeExecution: {} }]
  }],
  "tools of both kinds": [{ contents, tools: [...functions(weather, now), { googleSearch: {} }, { urlContext: {} }] }],
  "functions with all their fields": [{
    contents,
    tools: functions({ behavior: "BLOCKING", response: { type: "OBJECT" }, ...weather })
  }],
  "calls as the model likes": [{ contents, tools: functions(now), toolConfig: mode("AUTO") }],
  "a call of any function": [{ contents, tools: functions(now, weather), toolConfig: mode("ANY") }],
  "a call of one": [{ contents, tools: functions(now, weather), toolConfig: mode("ANY", "now") }],
  "a call of some": [{
    contents,
    tools: functions(now, weather, { name: "map", description: "" }),
    toolConfig: mode("ANY", "now", "weather")
  }],
  "no call": [{ contents, tools: functions(now), toolConfig: mode("NONE") }],
  "a mode of the API's own": [{
    contents,
    tools: functions(now),
    toolConfig: { ...mode("VALIDATED", "now"), retrievalConfig: { languageCode: "de" } }
  }],
  json: [{ contents, generationConfig: { responseMimeType: "application/json" } }],
  "a schema": [{
    contents,
    generationConfig: { responseMimeType: "application/json", responseJsonSchema: weather.parametersJsonSchema }
  }],
  "one word of several": [{
    contents,
    generationConfig: { responseMimeType: "text/x.enum", responseSchema: { type: "STRING", enum: ["a", "b"] } }
  }],
  "no thinking": [{ contents, generationConfig: { thinkingConfig: { thinkingBudget: 0 } } }],
  "a budget of thinking": [{
    contents,
    generationConfig: { thinkingConfig: { thinkingBudget: 777, includeThoughts: true } }
  }],
  "as much thinking as the model likes": [{ contents, generationConfig: { thinkingConfig: { thinkingBudget: -1 } } }],
  "a level of thinking": [{
    contents,
    generationConfig: { thinkingConfig: { thinkingLevel: "LOW", includeThoughts: true } }
  }, "gemini-3-pro-preview"],
  "a level of thinking that is not shown": [{
    contents,
    generationConfig: { thinkingConfig: { thinkingLevel: "HIGH", includeThoughts: false } }
  }, "gemini-3-pro-preview"],
  "what the request has no word for": [{
    contents,
    safetySettings: [{ category: "HARM_CATEGORY_HARASSMENT", threshold: "BLOCK_NONE" }],
    cachedContent: "cachedContents/a",
    labels: { a: "b" },
    somethingNew: { a: [1, null] },
    generationConfig: {
      temperature: 1,
      topK: 0,
      responseModalities: ["TEXT", "IMAGE"],
      speechConfig: { languageCode: "de" },
      mediaResolution: "MEDIA_RESOLUTION_LOW",
      responseLogprobs: true,
      logprobs: 3
    }
  }]
}
