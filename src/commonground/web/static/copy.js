// Buttons with data-copy="id" put the text of that element on the clipboard.
for (const button of document.querySelectorAll("button[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const source = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(source.value ?? source.textContent.trim());
    const label = button.querySelector("[role=status]");
    label.textContent = button.dataset.done;
    setTimeout(() => { label.textContent = ""; }, 2000);
  });
}
