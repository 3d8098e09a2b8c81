// Makes servers that would listen on every interface listen on loopback only: node --require ./loopback.cjs …

const { Server } = require("node:net");

const listen = Server.prototype.listen;

Server.prototype.listen = function (port, ...rest) {
  const callbacks = rest.filter((each) => typeof each === "function");
  return listen.call(this, port, "127.0.0.1", ...callbacks);
};
