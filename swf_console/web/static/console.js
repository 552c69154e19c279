// The keys go to the console without a click before.
window.addEventListener("load", () => {
  document.querySelector(".xterm-helper-textarea")?.focus();
});
