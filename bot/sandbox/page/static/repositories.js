// The simulated Docker Hub's repositories as people think of them: one's own first, official ones by their short names.

/** Docker Hub's own namespace: its images are called by their last name. */
const OFFICIAL = "library/";

/** Whether a repository holds one of Docker's official images. */
export function isOfficial(name) {
  return name.startsWith(OFFICIAL);
}

/** What people call a repository in a command: `acme/api`, `nginx`. */
export function calledName(name) {
  return isOfficial(name) ? name.slice(OFFICIAL.length) : name;
}

/** One's own repositories first. One's own namespaces are those that show private repositories. */
export function inOrder(repositories) {
  const namespace = (repository) => repository.name.split("/")[0];
  const own = new Set(repositories.filter((each) => each.is_private).map(namespace));
  const rank = (repository) => (own.has(namespace(repository)) ? 0 : isOfficial(repository.name) ? 2 : 1);
  return [...repositories].sort((first, second) => rank(first) - rank(second));
}

/** The tags of a repository by the name people call it, newest first; null when there is none of that name. */
export function tagsOf(name, repositories) {
  return repositories.find((each) => each.name === name || calledName(each.name) === name)?.tags ?? null;
}
