package io.modelassay.report;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import java.util.function.Function;
import org.apiguardian.api.API;

/**
 * A table whose first column names the row. Columns are declared once, with the way from a row to its cell, so heads and
 * cells cannot come apart.
 *
 * @param <R> what a row shows
 */
@API(status = API.Status.INTERNAL)
public final class HtmlTable<R> {
    /**
     * A column.
     *
     * @param head writes what the head shows
     * @param label names the cell where a narrow window shows a row as a card
     * @param headStyle class of the head; empty for none
     * @param style class of the cells; empty for none
     */
    @API(status = API.Status.INTERNAL)
    public record Column(Consumer<HtmlWriter> head, String label, String headStyle, String style) {
        public static Column of(String head) {
            return new Column(html -> html.text(head), head, "", "");
        }

        /** A column whose head is more than a text. */
        public static Column headed(Consumer<HtmlWriter> head) {
            return new Column(head, "", "", "");
        }

        /** Figures below one another. */
        public Column number() {
            return new Column(head, label, "n", "n");
        }

        public Column styled(String cells) {
            return new Column(head, label, headStyle, cells);
        }

        public Column labelled(String cells) {
            return new Column(head, cells, headStyle, style);
        }
    }

    private record Cells<R>(Column column, BiConsumer<HtmlWriter, R> content) {}

    private final List<Cells<R>> columns = new ArrayList<>();
    private final String style;
    private final boolean labelled;

    private HtmlTable(String style, boolean labelled) {
        this.style = style;
        this.labelled = labelled;
    }

    /** A table whose rows become cards in a narrow window. */
    public static <R> HtmlTable<R> cards() {
        return new HtmlTable<>("cards", true);
    }

    /** A table that stays one in a narrow window. */
    public static <R> HtmlTable<R> plain() {
        return new HtmlTable<>("", false);
    }

    /** A table of a class of the style sheet. */
    public static <R> HtmlTable<R> styled(String style) {
        return new HtmlTable<>(style, false);
    }

    public HtmlTable<R> text(String head, Function<R, String> text) {
        return text(Column.of(head), text);
    }

    public HtmlTable<R> text(Column column, Function<R, String> text) {
        return cell(column, (html, row) -> html.text(text.apply(row)));
    }

    public HtmlTable<R> cell(String head, BiConsumer<HtmlWriter, R> content) {
        return cell(Column.of(head), content);
    }

    /** A column whose cells are more than a text. {@code content} may begin with attributes of the cell. */
    public HtmlTable<R> cell(Column column, BiConsumer<HtmlWriter, R> content) {
        columns.add(new Cells<>(column, content));
        return this;
    }

    public void write(HtmlWriter html, List<R> rows) {
        open(html, "table", style).inside(() -> {
            html.open("thead").open("tr");
            columns.forEach(cells -> {
                open(html, "th", cells.column().headStyle()).attribute("scope", "col");
                cells.column().head().accept(html);
                html.close();
            });
            html.close().close();
            html.open("tbody").inside(() -> rows.forEach(row -> write(html, row)));
        });
    }

    private void write(HtmlWriter html, R row) {
        html.open("tr").inside(() -> {
            for (int i = 0; i < columns.size(); i++) {
                Cells<R> cells = columns.get(i);
                Column column = cells.column();
                open(html, i == 0 ? "th" : "td", column.style());
                if (i == 0) {
                    html.attribute("scope", "row");
                } else if (labelled) {
                    html.attribute("data-label", column.label());
                }
                cells.content().accept(html, row);
                html.close();
            }
        });
    }

    private static HtmlWriter open(HtmlWriter html, String element, String style) {
        return style.isEmpty() ? html.open(element) : html.open(element, style);
    }
}
