package io.modelassay.report;

import java.util.List;
import org.apiguardian.api.API;

/**
 * The top of a page: its verdict, and the largest counts as tiles.
 *
 * @param brand what wrote the page
 * @param isGood whether the verdict is a good one
 * @param verdict the verdict in words
 * @param tiles counts
 * @param run where and when, in a line
 */
@API(status = API.Status.INTERNAL)
public record PageHeader(String brand, boolean isGood, String verdict, List<Tile> tiles, String run) {
    /**
     * A count.
     *
     * @param number how many
     * @param noun of what, for one of them
     * @param note what to know about them
     * @param isBad whether the note is bad news
     */
    @API(status = API.Status.INTERNAL)
    public record Tile(long number, String noun, String note, boolean isBad) {}

    public void write(HtmlWriter html) {
        html.open("header").inside(() -> {
            html.element("p", "brand", brand);
            html.open("h1", isGood ? "good" : "bad")
                    .open("span", "mark")
                    .attribute("aria-hidden", "true")
                    .text(isGood ? "✓" : "✗")
                    .close()
                    .text(" " + verdict)
                    .close();
            html.open("ul", "tiles").inside(() -> tiles.forEach(tile -> write(html, tile)));
            html.element("p", "run", run);
        });
    }

    private static void write(HtmlWriter html, Tile tile) {
        html.open("li", tile.isBad() ? "bad" : "")
                .element("span", "number", String.valueOf(tile.number()))
                .text(" ")
                .element("span", "noun", tile.number() == 1 ? tile.noun() : tile.noun() + "s")
                .text(" ")
                .element("span", "note", tile.note())
                .close();
    }
}
