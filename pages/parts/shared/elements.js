// An element of the page with text, which is never read as HTML.
export function element(name, className = "", words = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = words;
  return made;
}
