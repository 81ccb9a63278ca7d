"""Names of members in the public engine's bundles.

Only these are repeated in a warning or a fault: an unknown name may be a misplaced value.
"""

KNOWN_NAMES = frozenset({
    "a2aEnabled", "actionConfig", "apiKey", "apiKeySecret", "args", "attachmentStorageEnabled",
    "auth", "authServerInfo", "authorization", "botToken", "cacheEnabled", "cacheTtl",
    "clientSecret", "config", "content", "datetimeInjectionEnabled", "datetimeLocale",
    "datetimeTimezone", "debugEnabled", "dedupSimilarityThreshold", "definitions", "embeddingDim",
    "embeddingProvider", "eventSources", "headers", "hooks", "icon", "knowledgeEnabled",
    "langsmithProject", "manualTools", "mcpServers", "memoryEnabled", "messageMaxRestarts",
    "messageSoftDebounceMs", "messageTypingDelayMs", "optoutClosingMessage", "optoutEnabled",
    "optoutInjectPromptHint", "optoutResumeKeywords", "optoutResumeMessage", "optoutStopKeywords",
    "password", "prompt", "prompts", "provider", "room", "schedule", "scheduledTasks", "secret",
    "skills", "stateInPromptEnabled", "staticClient", "sttProvider", "temperature",
    "thinkingEnabled", "thinkingLevel", "token", "toolResultsInHistoryEnabled", "value",
    "webContextFieldMapping", "webhookSecret",
})  # fmt: skip
