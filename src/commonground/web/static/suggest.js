// The search field suggests repositories while one types; choosing one opens it.
const field = document.querySelector("input[data-suggest]");
const list = document.getElementById("suggestions");
let waiting = 0;
let asked = "";

async function suggest() {
  const text = field.value.trim();
  if (text.length < 2 || text === asked) return;
  asked = text;
  const answer = await fetch(`${field.dataset.suggest}?q=${encodeURIComponent(text)}`);
  if (!answer.ok || asked !== text) return;
  list.replaceChildren(...(await answer.json()).map(({ name, url, kind }) => {
    const option = document.createElement("option");
    option.value = name;
    option.label = `${name} · ${kind}`;
    option.dataset.url = url;
    return option;
  }));
}

field?.addEventListener("input", (event) => {
  const chosen = [...list.options].find((option) => option.value === field.value);
  if (chosen && !(event instanceof InputEvent && event.inputType?.startsWith("insertText"))) {
    location.href = chosen.dataset.url;
    return;
  }
  clearTimeout(waiting);
  waiting = setTimeout(suggest, 150);
});
