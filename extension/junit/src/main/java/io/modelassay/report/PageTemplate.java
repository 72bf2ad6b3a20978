package io.modelassay.report;

import io.modelassay.failure.Printable;
import io.pebbletemplates.pebble.PebbleEngine;
import io.pebbletemplates.pebble.loader.ClasspathLoader;
import java.io.IOException;
import java.io.InputStream;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.apiguardian.api.API;
import org.unbescape.html.HtmlEscape;

/** Self-contained pages of templates, which escape every value; only files of our own go in as they are. */
@API(status = API.Status.INTERNAL)
public final class PageTemplate {
    static final String PACKAGE = "io/modelassay/report/";
    private static final String CHART_LIBRARY = "META-INF/resources/webjars/chart.js/4.5.1/dist/chart.umd.min.js";

    private PageTemplate() {}

    /**
     * The page that the template makes of {@code page}, to which the common style is added as {@code css}.
     *
     * @param template resource of the template
     */
    public static String render(String template, Map<String, Object> page) {
        PebbleEngine engine = new PebbleEngine.Builder()
                .loader(new ClasspathLoader(PageTemplate.class.getClassLoader()))
                .strictVariables(true)
                .newLineTrimming(true)
                .defaultLocale(Locale.ROOT)
                // Also what does not print, such as characters that turn the direction of writing.
                .addEscapingStrategy("printable", text -> HtmlEscape.escapeHtml4Xml(Printable.lines(text)))
                .defaultEscapingStrategy("printable")
                .build();
        page.put("css", resource(PACKAGE + "report.css"));
        StringWriter html = new StringWriter();
        try {
            engine.getTemplate(template).evaluate(html, page, Locale.ROOT);
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory", e);
        }
        return html.toString();
    }

    /** The text of a resource of ours. */
    public static String resource(String name) {
        try (InputStream in = PageTemplate.class.getClassLoader().getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("No resource " + name + " on the class path");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + name, e);
        }
    }

    /** Chart.js, without the note that makes a browser's tools look for another file. */
    public static String chartLibrary() {
        return resource(CHART_LIBRARY)
                .lines()
                .filter(line -> !line.startsWith("//# sourceMappingURL"))
                .collect(Collectors.joining("\n"));
    }
}
