package io.modelassay.report;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.modelassay.report.HtmlTable.Column;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HtmlPageTest {
    private static final String FACTORY_PROPERTY = "javax.xml.stream.XMLOutputFactory";

    /** What the body holds, without the line feeds that keep the source readable. */
    private static String body(Consumer<HtmlWriter> content) {
        String page = HtmlPage.of(HtmlPage.Policy.STILL, "title", List.of(), content);
        return page.substring(page.indexOf("<body>") + "<body>".length(), page.indexOf("</body>"))
                .replace("\n", "");
    }

    @Test
    void aPageHasAHeadThatAllowsNoLoading() {
        String page = HtmlPage.of(HtmlPage.Policy.STILL, "A & B", List.of(), html -> html.element("p", "text"));
        assertThat(page)
                .startsWith("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>")
                .contains("content=\"default-src 'none'; style-src 'unsafe-inline'\"/>")
                .contains("<title>A &amp; B</title>")
                .containsSubsequence("<style>\n:root {", "</style></head>", "<body>", "<p>text</p>", "</body></html>\n")
                .doesNotContain("script");
        assertThat(HtmlPage.of(HtmlPage.Policy.CHARTS, "title", List.of(), html -> {}))
                .contains("default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:");
    }

    @Test
    void markupInValuesIsText() {
        assertThat(body(html -> html.open("i", "\"<&>'\"")
                        .attribute("title", "\" onclick=\"x")
                        .text("<b>&amp;</b> \"'")
                        .close()))
                .isEqualTo("<i class=\"&quot;&lt;&amp;&gt;'&quot;\" title=\"&quot; onclick=&quot;x\">"
                        + "&lt;b&gt;&amp;amp;&lt;/b&gt; \"'</i>");
    }

    /** XML has no form for some of these, and others change how the text around them looks. */
    @ParameterizedTest
    @ValueSource(strings = {"\0", "\u0001", "\u001b", "\u0085", "\ud800", "\udc00", "\u202e", "\u200b", "\u2028", "\r"})
    void whatDoesNotPrintIsShown(String character) {
        String shown = String.format("\\u%04x", (int) character.charAt(0));
        assertThat(body(html -> html.open("i")
                        .attribute("title", "a" + character)
                        .text(character + "b")
                        .close()))
                .isEqualTo("<i title=\"a" + shown + "\">" + shown + "b</i>");
    }

    @Test
    void whatPrintsStays() {
        String text = "é 模型 \ud83d\ude00 × ± …\ttab";
        assertThat(body(html -> html.element("i", text))).isEqualTo("<i>" + text + "</i>");
    }

    /** HTML reads {@code <span/>} as the start of an element that goes on to the end of the page. */
    @Test
    void anElementWithoutContentHasAnEndTag() {
        assertThat(body(html -> html.open("span", "bar").close().chart("id", "what it shows")))
                .isEqualTo("<span class=\"bar\"></span>"
                        + "<canvas id=\"id\" role=\"img\" aria-label=\"what it shows\"></canvas>");
    }

    @Test
    void anotherFactoryOfTheUsersIsNotAsked() {
        String before = System.getProperty(FACTORY_PROPERTY);
        System.setProperty(FACTORY_PROPERTY, "no.such.Factory");
        try {
            assertThat(body(html -> html.element("i", "text"))).isEqualTo("<i>text</i>");
        } finally {
            if (before == null) {
                System.clearProperty(FACTORY_PROPERTY);
            } else {
                System.setProperty(FACTORY_PROPERTY, before);
            }
        }
    }

    @Test
    void dataOfAScriptEndsNoScript() {
        assertThat(body(html -> html.data("figures", Map.of("name", "</script><b>&\u2028\""))))
                .isEqualTo("<script type=\"application/json\" id=\"figures\">"
                        + "{\"name\":\"\\u003c/script\\u003e\\u003cb\\u003e\\u0026\\u2028\\\"\"}</script>");
    }

    @Test
    void scriptsOfOursGoInAsTheyAre() {
        assertThat(body(html -> html.script(PageResource.CHART_LIBRARY)))
                .contains("Chart.js v4.5.1", "&&", "=>")
                .doesNotContain("&amp;", "sourceMappingURL");
        assertThatThrownBy(() -> body(html -> html.script(new PageResource(HtmlPageTest.class, "absent.js"))))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("No resource absent.js beside io.modelassay.report.HtmlPageTest");
    }

    @Test
    void anAttributeBehindTheContentIsRefused() {
        assertThatThrownBy(() -> body(
                        html -> html.open("i").text("a").attribute("id", "b").close()))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("The page is written in a wrong order");
    }

    @Test
    void cellsFollowTheirColumns() {
        HtmlTable<Integer> table = HtmlTable.<Integer>cards()
                .text("Name", row -> "<" + row + ">")
                .text(Column.of("Value").number().labelled("The value"), row -> String.valueOf(2 * row))
                .cell("Kind", (html, row) -> html.badge("good", "even"))
                .text(Column.of("From").styled("from"), row -> "");
        assertThat(body(html -> table.write(html, List.of(1))))
                .isEqualTo("<table class=\"cards\"><thead><tr><th scope=\"col\">Name</th>"
                        + "<th class=\"n\" scope=\"col\">Value</th><th scope=\"col\">Kind</th><th scope=\"col\">From</th>"
                        + "</tr></thead><tbody><tr><th scope=\"row\">&lt;1&gt;</th>"
                        + "<td class=\"n\" data-label=\"The value\">2</td>"
                        + "<td data-label=\"Kind\"><span class=\"badge good\">even</span></td>"
                        + "<td class=\"from\" data-label=\"From\"></td></tr></tbody></table>");
    }

    @Test
    void cellsOfAPlainTableHaveNoLabels() {
        HtmlTable<String> table = HtmlTable.<String>plain()
                .cell("Name", (html, row) -> html.attribute("title", row).text("shown"))
                .text(Column.headed(head -> head.attribute("title", "state").badge("bad", "!")), row -> "b");
        assertThat(body(html -> table.write(html, List.of("a"))))
                .isEqualTo("<table><thead><tr><th scope=\"col\">Name</th>"
                        + "<th scope=\"col\" title=\"state\"><span class=\"badge bad\">!</span></th></tr></thead>"
                        + "<tbody><tr><th scope=\"row\" title=\"a\">shown</th><td>b</td></tr></tbody></table>");
    }
}
