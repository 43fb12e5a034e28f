// Elements of the page with text, which is never read as HTML, and the style sheets of what scripts draw.

export function element(name, className = "", words = "") {
  const made = document.createElement(name);
  made.className = className;
  made.textContent = words;
  return made;
}

// A button with what it does, and the name of an icon of Streamlit's own font.
export function button(words, onClick, icon = "") {
  const made = element("button");
  made.type = "button";
  if (icon) made.append(element("i", "icon", icon));
  if (icon) made.lastChild.setAttribute("aria-hidden", "true");
  made.append(element("span", "", words));
  made.addEventListener("click", onClick);
  return made;
}

// A style sheet of these folders, for the page or for a root of its own; the promise is kept once it is there.
export function styled(name, root = document.head) {
  const link = document.createElement("link");
  Object.assign(link, { rel: "stylesheet", href: new URL(name, import.meta.url).href });
  root.append(link);
  return new Promise((done) => { link.onload = link.onerror = done; });
}

await styled("elements.css");
