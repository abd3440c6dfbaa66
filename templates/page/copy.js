// Shows the buttons that copy an address, where a browser lets a page do so.
for (const button of document.querySelectorAll("button.copy")) {
  const field = document.getElementById(button.dataset.copies);
  if (!navigator.clipboard || !field) continue;
  button.hidden = false;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(field.value);
    const before = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = before; }, 2000);
  });
}
