// Keeps a list at its end while it grows, unless the reader has scrolled up to read.

/** So near to the end counts as being there. */
const NEAR_PX = 48;

export class StickyScroll {
  isAtEnd = true;
  #scroller;
  #onChange;

  /**
   * @param {HTMLElement} scroller What scrolls.
   * @param {HTMLElement} content What is in it and grows.
   * @param {function(): void} onChange Called when the reader comes to the end or leaves it.
   */
  constructor(scroller, content, onChange) {
    this.#scroller = scroller;
    this.#onChange = onChange;
    scroller.addEventListener("scroll", () => this.#look(), { passive: true });
    const observer = new ResizeObserver(() => this.isAtEnd && this.toEnd());
    observer.observe(scroller);
    observer.observe(content);
  }

  /** Go to the end, and stay there. */
  toEnd() {
    this.#set(true);
    this.#scroller.scrollTop = this.#scroller.scrollHeight;
  }

  /** Show an element near the top; the list then stays where it is. */
  toElement(element) {
    const top = element.getBoundingClientRect().top - this.#scroller.getBoundingClientRect().top;
    this.#scroller.scrollTop += top - 64;
    this.#look();
  }

  #look() {
    const { scrollHeight, scrollTop, clientHeight } = this.#scroller;
    // A hidden list has no height: that says nothing about the reader.
    if (clientHeight > 0) this.#set(scrollHeight - scrollTop - clientHeight < NEAR_PX);
  }

  #set(isAtEnd) {
    if (this.isAtEnd === isAtEnd) return;
    this.isAtEnd = isAtEnd;
    this.#onChange();
  }
}
