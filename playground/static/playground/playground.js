// Asks /v1/chat/completions, as every client does, and shows the answer as it arrives. Without
// this file the form goes to the page itself, which shows the whole answer.
"use strict";

const page = document.querySelector(".playground");
const form = page.querySelector("form");
const [answer, problem, state, stop] = ["answer", "problem", "state", "stop"].map((id) =>
  document.getElementById(id)
);
const keyLink = document.getElementById("key-link");
const aboutKey = page.dataset.aboutKey.split(" ");
let asking = null;

form.addEventListener("submit", (event) => {
  event.preventDefault();
  const message = form.elements.message.value;
  if (message.trim() && !asking) ask(message);
});

stop.addEventListener("click", () => asking?.abort());

async function ask(message) {
  asking = new AbortController();
  begin();
  try {
    await stream(message, asking.signal);
    state.textContent = "Answered.";
  } catch (error) {
    if (error.name === "AbortError") state.textContent = "Stopped.";
    else tell(error);
  } finally {
    end();
  }
}

async function stream(message, signal) {
  const messages = [{ role: "user", content: message }];
  // The usage gives a trace its tokens; it comes in a last chunk, which has no choices.
  const options = { stream: true, stream_options: { include_usage: true } };
  const response = await fetch(page.dataset.completions, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ model: page.dataset.model, messages, ...options }),
    signal,
  });
  if (!response.ok) throw await refusal(response);
  for await (const chunk of chunks(response.body)) {
    if (chunk.error) throw chunk.error;
    answer.append(chunk.choices?.[0]?.delta?.content ?? "");
  }
}

// The error of an answer in OpenAI's shape; of another (a proxy's, a sign-in page), its status.
async function refusal(response) {
  const body = await response.json().catch(() => null);
  return body?.error ?? { message: `The server answered ${response.status}; reload the page.` };
}

// The JSON of each server-sent event. Events may come in pieces, or many at once.
async function* chunks(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return;
    const lines = (rest + value).split(/\r?\n/);
    rest = lines.pop();
    for (const line of lines) {
      if (line.startsWith("data:") && line.slice(5).trim() !== "[DONE]")
        yield JSON.parse(line.slice(5));
    }
  }
}

function begin() {
  answer.replaceChildren();
  problem.hidden = true;
  stop.hidden = false;
  // A screen reader then waits for the whole answer, instead of reading every word as it comes.
  answer.setAttribute("aria-busy", "true");
  state.textContent = "Asking…";
}

function tell(error) {
  // The address in the message is for programs; this page has a link instead.
  const message = String(error?.message ?? "The answer broke off; try again.");
  problem.querySelector("span").textContent = message.replace(/ Set it at \S+$/, "");
  if (keyLink) keyLink.hidden = !aboutKey.includes(error?.code);
  problem.hidden = false;
  state.textContent = "";
}

function end() {
  asking = null;
  stop.hidden = true;
  answer.setAttribute("aria-busy", "false");
}
