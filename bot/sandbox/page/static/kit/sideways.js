// What is wider than its place: it can be scrolled with the keys, and shows on which side there is more.

/**
 * @param {HTMLElement} region What scrolls. It can be focused while there is something to scroll, so that it is no
 *     stop on the way of the Tab key otherwise; `bk-more-left` and `bk-more-right` say where there is more.
 * @returns {HTMLElement} The same.
 */
export function scrollsSideways(region) {
  const show = () => {
    const left = region.scrollWidth - region.clientWidth - region.scrollLeft;
    region.classList.toggle("bk-more-left", region.scrollLeft > 1);
    region.classList.toggle("bk-more-right", left > 1);
    const isScrollable = region.scrollWidth > region.clientWidth + 1 || region.scrollHeight > region.clientHeight + 1;
    if (isScrollable) region.tabIndex = 0;
    else if (region !== document.activeElement) region.removeAttribute("tabindex");
  };
  const observer = new ResizeObserver(show);
  for (const each of [region, ...region.children]) observer.observe(each);
  region.addEventListener("scroll", show, { passive: true });
  return region;
}
