package io.modelassay.report;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * A style sheet or a script that comes with the product. Only these go into a page as they are.
 *
 * @param owner a class beside the file
 * @param name the file's name, or its path from the root with a slash in front
 */
@API(status = API.Status.INTERNAL)
public record PageResource(Class<?> owner, String name) {
    /** Chart.js, at the place where its webjar has it. */
    public static final PageResource CHART_LIBRARY =
            new PageResource(PageResource.class, "/META-INF/resources/webjars/chart.js/4.5.1/dist/chart.umd.min.js");

    /** The file, without the note that makes a browser's tools look for another file. */
    String text() {
        try (InputStream in = owner.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("No resource " + name + " beside " + owner.getName());
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> !line.startsWith("//# sourceMappingURL"))
                    .collect(Collectors.joining("\n"));
        } catch (IOException e) {
            throw new UncheckedIOException("reading " + name, e);
        }
    }
}
