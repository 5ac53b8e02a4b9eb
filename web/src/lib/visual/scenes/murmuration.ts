import { FRAGMENT_HEAD, HEAD, type Scene } from './common.ts'

/** Thousands of sparks in one swarm: each listens to a band of its own and is carried by the same wind. */
export const murmuration: Scene = {
  id: 'murmuration',
  name: 'Murmuration',
  trail: { keep: 0.86, zoom: 1.004 },
  fragment: `${FRAGMENT_HEAD}
void main() { color = vec4(glow(place()) * 0.4, 1.0); }`,
  points: {
    count: 22_000,
    vertex: `${HEAD}
out vec3 vColor;
out float vSharp;
vec3 wind(vec3 p, float t) {
  return vec3(
    sin(p.y * 1.7 + t) + 0.5 * sin(p.z * 3.1 - t * 1.3),
    sin(p.z * 1.9 - t * 0.8) + 0.5 * sin(p.x * 2.7 + t * 1.1),
    sin(p.x * 1.5 + t * 0.9) + 0.5 * sin(p.y * 3.3 - t * 0.7));
}
void main() {
  float n = float(gl_VertexID);
  float u = hash(n * 0.731 + 1.0), v = hash(n * 1.317 + 5.0), w = hash(n * 2.113 + 9.0);
  float level = band(pow(w, 1.3));
  // A sphere of even density, stretched by the wind into a swarm.
  float around = 2.0 * PI * u + uFlow * (0.12 + 0.1 * w);
  float high = 2.0 * v - 1.0;
  float ring = sqrt(1.0 - high * high);
  float shell = 0.5 + 0.16 * pow(hash(n * 3.7), 2.0) + 0.36 * level * level + 0.03 * uPulse;
  vec3 p = vec3(ring * cos(around), high * 0.72, ring * sin(around)) * shell;
  p += wind(p * 1.7, uFlow * 0.3) * (0.05 + 0.09 * uMid);
  p += wind(p * 4.3, uFlow * 0.5) * 0.022 * (0.4 + uTreble);
  float tilt = 0.35 + 0.12 * sin(uFlow * 0.11);
  p.yz = mat2(cos(tilt), -sin(tilt), sin(tilt), cos(tilt)) * p.yz;
  float depth = 2.3 + p.z;
  vec2 at = p.xy * 1.5 / depth * min(uSize.x, uSize.y) / uSize * 2.0;
  gl_Position = vec4(at, 0.0, 1.0);
  float near = smoothstep(3.4, 1.3, depth);
  gl_PointSize = max(1.0, (0.9 + 1.7 * near + 2.0 * level * level) * uSize.y / 900.0);
  vColor = mix(mix(uLow, uHigh, w), uLight, level * level * 0.75) * (0.12 + 0.75 * near) * (0.35 + 0.9 * level);
  vSharp = near;
}`,
    fragment: `#version 300 es
precision highp float;
in vec3 vColor;
in float vSharp;
out vec4 color;
void main() {
  float d = length(gl_PointCoord - 0.5) * 2.0;
  color = vec4(vColor * smoothstep(1.0, vSharp * 0.5, d), 1.0);
}`,
  },
}
