// The page of a run that has not ended: its log goes on, and what the server drew is drawn anew while it changes.
const MOST_PARTS = 1000;
const log = document.querySelector("[data-log]");
const stream = new EventSource(log.dataset.log);
let ended = false;

// Without colours and what a terminal would have overwritten.
const plain = (text) => text.replace(/\x1b\[[0-9;?]*[ -/]*[@-~]/g, "").replace(/[^\n]*\r(?!\n)/g, "");

stream.addEventListener("log", (event) => {
  const block = JSON.parse(event.data);
  const reading = log.scrollHeight - log.scrollTop - log.clientHeight > 40;
  const part = document.createElement("span");
  part.className = block.stream;
  part.textContent = plain(block.text);
  log.append(part);
  while (log.childElementCount > MOST_PARTS) log.firstElementChild.remove();
  if (!reading) log.scrollTop = log.scrollHeight;
});
stream.addEventListener("end", () => {
  ended = true;
  stream.close();
  renew();
});

// Replaces what changed; false if something did not, because the focus is in it.
async function renew() {
  const answer = await fetch(location.href);
  if (!answer.ok) return false;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  ended ||= !page.querySelector("script[src$='/run.js']");
  let whole = true;
  for (const fresh of page.querySelectorAll("[data-live]")) {
    const old = document.querySelector(`[data-live="${fresh.dataset.live}"]`);
    if (!old || old.innerHTML === fresh.innerHTML) continue;
    if (old.contains(document.activeElement)) whole = false;
    else old.replaceChildren(...fresh.childNodes);
  }
  return whole;
}

// The longer an answer takes, the seldomer it is asked for.
async function watch() {
  let took = 0;
  for (;;) {
    await new Promise((done) => setTimeout(done, Math.max(3000, 10 * took)));
    if (document.hidden) continue;
    const began = performance.now();
    const last = ended;
    const whole = await renew().catch(() => false);
    took = performance.now() - began;
    if (last && whole) return;
  }
}

log.scrollTop = log.scrollHeight;
watch();
