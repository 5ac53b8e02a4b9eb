/** Small helpers over WebGL2. All throw an Error with the driver's own words when something does not work. */
export type Gl = WebGL2RenderingContext

const FULL_SCREEN = `#version 300 es
void main() { gl_Position = vec4(vec2((gl_VertexID << 1) & 2, gl_VertexID & 2) * 2.0 - 1.0, 0.0, 1.0); }`

function shader(gl: Gl, type: number, text: string): WebGLShader {
  const made = gl.createShader(type)
  if (!made) throw new Error('The graphics context is lost.')
  gl.shaderSource(made, text)
  gl.compileShader(made)
  if (!gl.getShaderParameter(made, gl.COMPILE_STATUS)) throw new Error(gl.getShaderInfoLog(made) ?? 'shader')
  return made
}

export type Program = { use(): void; at(name: string): WebGLUniformLocation | null; free(): void }

/** A program that covers the screen with its fragments, or draws what its own vertices say. */
export function program(gl: Gl, fragment: string, vertex = FULL_SCREEN): Program {
  const made = gl.createProgram()
  const parts = [shader(gl, gl.VERTEX_SHADER, vertex), shader(gl, gl.FRAGMENT_SHADER, fragment)]
  for (const part of parts) gl.attachShader(made, part)
  gl.linkProgram(made)
  if (!gl.getProgramParameter(made, gl.LINK_STATUS)) throw new Error(gl.getProgramInfoLog(made) ?? 'program')
  for (const part of parts) gl.deleteShader(part)
  const places = new Map<string, WebGLUniformLocation | null>()
  return {
    use: () => gl.useProgram(made),
    at(name) {
      if (!places.has(name)) places.set(name, gl.getUniformLocation(made, name))
      return places.get(name) ?? null
    },
    free: () => gl.deleteProgram(made),
  }
}

export function texture(gl: Gl): WebGLTexture {
  const made = gl.createTexture()
  gl.bindTexture(gl.TEXTURE_2D, made)
  for (const [name, value] of [
    [gl.TEXTURE_MIN_FILTER, gl.LINEAR],
    [gl.TEXTURE_MAG_FILTER, gl.LINEAR],
    [gl.TEXTURE_WRAP_S, gl.CLAMP_TO_EDGE],
    [gl.TEXTURE_WRAP_T, gl.CLAMP_TO_EDGE],
  ] as const)
    gl.texParameteri(gl.TEXTURE_2D, name, value)
  return made
}

/** One byte for each place, row by row. */
export function putBytes(gl: Gl, into: WebGLTexture, widthPx: number, heightPx: number, bytes: Uint8Array): void {
  gl.bindTexture(gl.TEXTURE_2D, into)
  gl.pixelStorei(gl.UNPACK_ALIGNMENT, 1)
  gl.texImage2D(gl.TEXTURE_2D, 0, gl.R8, widthPx, heightPx, 0, gl.RED, gl.UNSIGNED_BYTE, bytes)
}

export type Target = {
  readonly picture: WebGLTexture
  readonly buffer: WebGLFramebuffer
  size(widthPx: number, heightPx: number): void
  free(): void
}

/** A picture to draw into. */
export function target(gl: Gl): Target {
  const picture = texture(gl)
  const buffer = gl.createFramebuffer()
  return {
    picture,
    buffer,
    size(widthPx, heightPx) {
      gl.bindTexture(gl.TEXTURE_2D, picture)
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA8, widthPx, heightPx, 0, gl.RGBA, gl.UNSIGNED_BYTE, null)
      gl.bindFramebuffer(gl.FRAMEBUFFER, buffer)
      gl.framebufferTexture2D(gl.FRAMEBUFFER, gl.COLOR_ATTACHMENT0, gl.TEXTURE_2D, picture, 0)
      gl.clearColor(0, 0, 0, 1)
      gl.clear(gl.COLOR_BUFFER_BIT)
    },
    free() {
      gl.deleteTexture(picture)
      gl.deleteFramebuffer(buffer)
    },
  }
}
