import assert from "node:assert/strict";
import { launchBrowser } from "./browser.ts";

Deno.test("launchBrowser: starts a browser that lays text out in a font and runs scripts", async () => {
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage();
    await page.setContent("<button onclick='this.textContent = 6 * 7'>press</button>");
    await page.click("button");
    assert.equal(await page.textContent("button"), "42");
    const box = await page.locator("button").boundingBox();
    assert.ok(box !== null && box.width > 20, `the button is ${box?.width} pixels wide`);
  } finally {
    await browser.close();
  }
});
