package io.modelassay.matrix;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A library whose artifacts change their versions together; {@code axes.json} lists them, those that win over others later.
 *
 * @param artifacts {@code group:artifact} or {@code group:*} to a version in which <code>{axis}</code> stands for the version
 *     of an axis
 * @param implied axes that get a version from this one's, unless they have their own
 * @param rewritten names of versions that are made of this one's, to the expression replaced and what replaces it
 */
record Axis(
        String axis,
        Map<String, String> artifacts,
        Map<String, Map<String, String>> implied,
        Map<String, List<String>> rewritten) {
    static final List<Axis> ALL = read();

    private static final Pattern PLACE = Pattern.compile("\\{([a-z-]+)}");

    Axis(
            String axis,
            Map<String, String> artifacts,
            @Nullable Map<String, Map<String, String>> implied,
            @Nullable Map<String, List<String>> rewritten) {
        this.axis = axis;
        this.artifacts = artifacts;
        this.implied = implied == null ? Map.of() : implied;
        this.rewritten = rewritten == null ? Map.of() : rewritten;
    }

    private static List<Axis> read() {
        try (InputStream file = Objects.requireNonNull(Axis.class.getResourceAsStream("axes.json"))) {
            return JsonMapper.builder().build().readValue(file, new TypeReference<List<Axis>>() {});
        } catch (IOException e) {
            throw new UncheckedIOException("axes.json of ModelAssay itself", e);
        }
    }

    static Axis named(String name) {
        return ALL.stream().filter(axis -> axis.axis.equals(name)).findFirst().orElseThrow();
    }

    static List<String> names() {
        return ALL.stream().map(Axis::axis).toList();
    }

    /**
     * Versions of artifacts by {@code group:artifact} or {@code group:*}.
     *
     * @param asked versions by axis
     */
    static Map<String, String> expand(Map<String, String> asked) {
        Map<String, String> versions = new LinkedHashMap<>(asked);
        Map<String, String> expanded = new LinkedHashMap<>();
        for (Axis axis : ALL) {
            String version = versions.get(axis.axis);
            if (version == null) {
                continue;
            }
            axis.rewritten.forEach((name, rule) -> versions.put(name, version.replaceFirst(rule.get(0), rule.get(1))));
            axis.implied.forEach((name, known) -> {
                if (!versions.containsKey(name)) {
                    versions.put(name, axis.known(name, known, version));
                }
            });
            axis.artifacts.forEach((artifact, template) -> expanded.put(artifact, axis.fill(template, versions)));
        }
        return expanded;
    }

    private String known(String name, Map<String, String> known, String version) {
        String implied = known.get(version);
        if (implied == null) {
            throw new MatrixException(
                    MatrixProblem.UNKNOWN_VERSION,
                    "Which " + name + " belongs to " + axis + " " + version + " is not known; known are "
                            + String.join(", ", known.keySet()),
                    axis + "=" + version + "," + name + "=VERSION, or one of the known versions");
        }
        return implied;
    }

    private String fill(String template, Map<String, String> versions) {
        return PLACE.matcher(template).replaceAll(place -> {
            String version = versions.get(place.group(1));
            if (version == null) {
                throw new MatrixException(
                        MatrixProblem.INVALID_STACK,
                        "The axis " + axis + " needs a version of " + place.group(1) + " beside it",
                        place.group(1) + "=VERSION," + axis + "=" + versions.get(axis));
            }
            return Matcher.quoteReplacement(version);
        });
    }
}
