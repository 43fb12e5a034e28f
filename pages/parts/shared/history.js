// The browser's Back leads to the page before, or to the view before on the same page. Streamlit makes an entry of
// the history of each address that a page's script writes (`handlePageInfoChanged`), of the settings that it adds on
// arrival, too. Here such an address replaces the one before it.
// It is in the head of every page (first_document.py): a component may be drawn after the first address is written.
(() => {
  const VIEWS = ["view", "mode"]; // what a reader chooses and may want to go back from
  const push = history.pushState;
  let isGoingBack = false; // or forward, and has done nothing else since
  let page = location.pathname;
  let written = null; // what was written last on the page, over which address, and when

  const isOtherView = (before, now) =>
    VIEWS.some((name) => {
      const [old, chosen] = [before, now].map(({ searchParams }) => searchParams.get(name));
      return old !== null && chosen !== null && old !== chosen;
    });

  // A page begins at its top, not where the one before it was left.
  const arrive = () => {
    if (page === location.pathname) return;
    page = location.pathname;
    document.querySelector("[data-testid=stMain]")?.scrollTo(0, 0);
  };

  history.pushState = function (state, unused, address) {
    const before = new URL(location.href), now = new URL(address ?? "", before);
    const isOtherPage = before.pathname !== now.pathname;
    // Of several presses, the server hears after the last one: what it says of the pages in between is overtaken.
    if (isOtherPage && isGoingBack) return;
    // Streamlit may hear of a page's settings a moment before it makes that page's entry: they were not this one's.
    if (isOtherPage && written?.search === now.search && Date.now() - written.time < 5000) {
      history.replaceState(state, "", written.over);
    }
    written = isOtherPage ? null : { over: before.href, search: now.search, time: Date.now() };
    (isOtherPage || isOtherView(before, now) ? push : history.replaceState).call(this, state, unused, address);
    arrive();
  };
  addEventListener("popstate", () => {
    isGoingBack = true;
    arrive();
  }, true);
  for (const act of ["pointerdown", "keydown", "click"]) addEventListener(act, () => (isGoingBack = false), true);
})();
