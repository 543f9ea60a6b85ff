/** Makes a picture that somebody chose fit for their profile. */

/** As the server takes them (protocol, `pictureBytes` and `pictureSide`); drawn smaller, as it is shown small. */
const mostBytes = 32_768;
const sides = [256, 192, 128];
const qualities = [0.9, 0.75, 0.55];

/**
 * The middle of the picture as a small square. Drawn anew, so nothing that a camera wrote into the file goes along.
 *
 * @returns undefined where the browser cannot read it.
 */
export async function smallPicture(file: Blob): Promise<Uint8Array | undefined> {
  const image = await createImageBitmap(file).catch(() => undefined);
  if (image === undefined) return undefined;
  try {
    for (const side of sides) {
      const canvas = square(image, side);
      for (const quality of qualities) {
        const blob = await encode(canvas, quality);
        if (blob !== null && blob.size <= mostBytes)
          return new Uint8Array(await blob.arrayBuffer());
      }
    }
    return undefined;
  } finally {
    image.close();
  }
}

function square(image: ImageBitmap, side: number): HTMLCanvasElement {
  const canvas = document.createElement("canvas");
  canvas.width = side;
  canvas.height = side;
  const from = Math.min(image.width, image.height);
  const context = canvas.getContext("2d");
  if (context === null) return canvas;
  // What is seen through is not black.
  context.fillStyle = "#fff";
  context.fillRect(0, 0, side, side);
  context.imageSmoothingQuality = "high";
  const [x, y] = [(image.width - from) / 2, (image.height - from) / 2];
  context.drawImage(image, x, y, from, from, 0, 0, side, side);
  return canvas;
}

/** JPEG: every browser writes it. */
function encode(canvas: HTMLCanvasElement, quality: number): Promise<Blob | null> {
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
}
