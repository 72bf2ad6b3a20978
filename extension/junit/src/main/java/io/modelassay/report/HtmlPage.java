package io.modelassay.report;

import java.util.List;
import java.util.function.Consumer;
import org.apiguardian.api.API;

/** A self-contained HTML page in the common style: it loads nothing, so it can be mailed and read without a network. */
@API(status = API.Status.INTERNAL)
public final class HtmlPage {
    private static final PageResource STYLE = new PageResource(HtmlPage.class, "report.css");

    /** What a browser may do for a page. */
    @API(status = API.Status.INTERNAL)
    public enum Policy {
        /** Text and tables. */
        STILL("default-src 'none'; style-src 'unsafe-inline'"),
        /** Scripts of the page itself as well, which draw charts. */
        CHARTS("default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:");

        private final String directives;

        Policy(String directives) {
            this.directives = directives;
        }
    }

    private HtmlPage() {}

    /**
     * The page's source.
     *
     * @param styles style sheets besides the common one
     * @param body writes what stands in the {@code body} element
     */
    public static String of(Policy policy, String title, List<PageResource> styles, Consumer<HtmlWriter> body) {
        HtmlWriter html = new HtmlWriter();
        html.doctype().open("html").attribute("lang", "en").inside(() -> {
            html.open("head").inside(() -> head(html, policy, title, styles));
            html.open("body").inside(() -> body.accept(html));
        });
        return html.page() + "\n";
    }

    private static void head(HtmlWriter html, Policy policy, String title, List<PageResource> styles) {
        html.empty("meta", "charset", "utf-8")
                .empty("meta", "name", "viewport", "content", "width=device-width, initial-scale=1")
                .empty("meta", "name", "color-scheme", "content", "light dark")
                .empty("meta", "http-equiv", "Content-Security-Policy", "content", policy.directives)
                .element("title", title);
        html.open("style").verbatim(STYLE);
        styles.forEach(html::verbatim);
        html.close();
    }
}
