package io.modelassay.matrix.result;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.modelassay.matrix.result.TestResult.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MatrixPageTest {
    private static final String HOSTILE = "<script>alert('x')</script> & \"quotes\" </pre> ]]>";

    /** A4 at 96 dots an inch. */
    private static final int PAPER_WIDTH = 794;

    /** Set to a folder, the browser test leaves pictures there. */
    private static final String SHOTS_PROPERTY = "modelassay.test.screenshots";

    @Test
    void itSaysWhatIsWorseFirst() {
        String page = MatrixPage.of(SampleMatrix.of());
        assertThat(page)
                .containsSubsequence(
                        "1 stack regressed against djl 0.35.1, 1 stack did not complete</h1>",
                        "What is worse",
                        "signal 6",
                        "QwenTest.survives[nf4] fails, passed with the baseline",
                        "but drift was 11.42 %",
                        "first differs by more than rounding in weight model.layers.3.mlp.down_proj.weight",
                        "<h2 id=\"suites\">",
                        "<h2 id=\"tests\">",
                        "2 tests pass with every stack",
                        "<canvas id=\"drift-chart\"",
                        "<canvas id=\"layer-chart\"",
                        "<canvas id=\"headroom-chart\"",
                        "<canvas id=\"tensor-chart\"",
                        "<h2 id=\"other\">",
                        "ai.djl.pytorch:pytorch-native-cpu:linux-x86_64");
        assertThat(page).doesNotContain("org.junit.jupiter:junit-jupiter-api");
    }

    @Test
    void namesAndMessagesAreEscaped() {
        Cells before = Cells.of(HOSTILE)
                .test(HOSTILE, Outcome.PASSED)
                .compared(HOSTILE + " as nf4", "bf16", 13, 7, 0.1, 0.9, 0.1);
        Cells after = Cells.of("new" + HOSTILE)
                .library(HOSTILE, HOSTILE)
                .note(HOSTILE)
                .failed(HOSTILE, HOSTILE)
                .compared(HOSTILE + " as nf4", "bf16", 14, 9, 0.1, 0.9, 0.1);
        String page = MatrixPage.of(Cells.matrix(before, after));
        assertThat(page)
                .doesNotContain("<script>alert", "\"quotes\" </pre>")
                .contains("&lt;script&gt;alert(", "\\u003cscript\\u003ealert");
        assertThat(page)
                .doesNotContainPattern("(?i)(src|srcset|href)\\s*=\\s*[\"']?(https?:)?//")
                .doesNotContainPattern("(?i)\\burl\\(")
                .doesNotContainPattern("(?i)@import")
                .doesNotContain("sourceMappingURL")
                .contains("default-src 'none'");
    }

    @Test
    void withoutFiguresThereAreNoCharts() {
        String page = MatrixPage.of(Cells.matrix(
                Cells.of("old").test("a", Outcome.PASSED), Cells.of("new").test("a", Outcome.PASSED)));
        assertThat(page)
                .contains("Nothing differs from old", "All libraries are of one version")
                .doesNotContain("<canvas", "Chart.js v");
    }

    @Test
    void itIsQuietCompleteAndFitsInABrowser(@TempDir Path folder) throws IOException, InterruptedException {
        Path chromium = Browser.installed().orElse(null);
        assumeTrue(chromium != null, "no Chromium is installed");
        Path page = SampleMatrix.of().writeTo(folder.resolve("report"));
        try (Browser browser = Browser.start(chromium, folder)) {
            for (String scheme : new String[] {"light", "dark"}) {
                for (int width : new int[] {1280, 400}) {
                    browser.open(page, width, scheme);
                    check(browser, page, scheme + " " + width);
                    shot(browser, scheme + "-" + width + ".png");
                }
            }
            choosingAnotherModelDrawsIt(browser);
            aClickOnAFailureShowsItsMessage(browser);
            browser.open(page, PAPER_WIDTH, "light");
            browser.medium("print", "light");
            check(browser, page, "print");
            shot(browser, "print.png");
            assertThat(browser.complaints()).isEmpty();
        }
    }

    private static void check(Browser browser, Path page, String how) throws IOException, InterruptedException {
        assertThat(overflow(browser)).as("%s: %s", how, wide(browser)).isLessThanOrEqualTo(0);
        for (String chart : new String[] {"drift-chart", "layer-chart", "headroom-chart", "tensor-chart"}) {
            assertThat(inked(browser, chart)).as(how + " " + chart).isGreaterThan(1000);
        }
        assertThat(browser.complaints()).as(how).isEmpty();
        assertThat(browser.requests()).as(how).containsExactly(page.toUri().toString());
    }

    /** Elements that reach beyond the window though nothing around them scrolls. */
    private static JsonNode wide(Browser browser) throws IOException, InterruptedException {
        return browser.evaluate(
                "[...document.querySelectorAll('body *')]"
                        + ".filter(e => !e.closest('.wide') && e.getBoundingClientRect().right > document.documentElement.clientWidth)"
                        + ".map(e => e.tagName + '.' + e.className + ' ' + e.textContent.slice(0, 60)).slice(0, 8).join('\\n')");
    }

    private static int overflow(Browser browser) throws IOException, InterruptedException {
        return browser.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
                .asInt(-1);
    }

    /** Pixels of a canvas that are drawn on. */
    private static int inked(Browser browser, String chart) throws IOException, InterruptedException {
        return browser.evaluate("(c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data"
                        + ".filter((value, i) => i % 4 === 3 && value > 0).length)(document.getElementById('" + chart
                        + "'))")
                .asInt();
    }

    private static void choosingAnotherModelDrawsIt(Browser browser) throws IOException, InterruptedException {
        JsonNode before = browser.evaluate("document.getElementById('layer-chart').toDataURL()");
        browser.evaluate("(s => { s.selectedIndex = (s.selectedIndex + 1) % s.options.length;"
                + " s.dispatchEvent(new Event('change')); })(document.getElementById('layer-model'))");
        assertThat(browser.evaluate("document.getElementById('layer-chart').toDataURL()"))
                .isNotEqualTo(before);
    }

    private static void aClickOnAFailureShowsItsMessage(Browser browser) throws IOException, InterruptedException {
        assertThat(browser.evaluate("document.querySelectorAll('details[id][open]').length")
                        .asInt())
                .isZero();
        browser.evaluate("document.querySelector('a.cell.new').click()");
        JsonNode shown = browser.call(
                        "Runtime.evaluate",
                        Map.of(
                                "expression",
                                "new Promise(done => setTimeout(() =>"
                                        + " done(document.querySelector('details.said[open] > details[id][open]')?.innerText ?? ''), 100))",
                                "awaitPromise",
                                true,
                                "returnByValue",
                                true))
                .at("/result/value");
        assertThat(shown.asText()).contains("QwenTest.survives[nf4]", "but drift was 11.42 %");
    }

    private static void shot(Browser browser, String name) throws IOException, InterruptedException {
        String shots = System.getProperty(SHOTS_PROPERTY, "");
        if (!shots.isEmpty()) {
            Files.createDirectories(Path.of(shots));
            browser.screenshot(Path.of(shots, name));
        }
    }
}
