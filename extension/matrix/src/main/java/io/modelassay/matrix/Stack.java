package io.modelassay.matrix;

import io.modelassay.checkpoint.NearestNames;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.apiguardian.api.API;

/**
 * A set of libraries: versions that replace the suite's own, and the JDK that runs them.
 *
 * @param name unique in a matrix
 * @param versions what was asked for: versions by axis ({@code djl}) or coordinate ({@code group:artifact}), in that order
 * @param coordinates versions by {@code group:artifact}, {@code group:artifact:classifier} or {@code group:*}, sorted
 * @param java the JDK's home; empty for the JDK that runs the matrix
 * @param prepend class path entries put first
 */
@API(status = API.Status.EXPERIMENTAL)
public record Stack(
        String name,
        Map<String, String> versions,
        Map<String, String> coordinates,
        Optional<Path> java,
        List<Path> prepend) {
    private static final Pattern COORDINATE = Pattern.compile("[A-Za-z0-9_.-]+:[A-Za-z0-9_.-]+(:[A-Za-z0-9_.-]+)?");
    private static final Pattern VERSION = Pattern.compile("[A-Za-z0-9_.+-]+");
    private static final String NAME = "name";
    private static final String JAVA = "java";
    private static final String PREPEND = "prepend";

    /** Copies what it is given. */
    public Stack {
        versions = Collections.unmodifiableMap(new LinkedHashMap<>(versions));
        coordinates = Collections.unmodifiableMap(new TreeMap<>(coordinates));
        prepend = List.copyOf(prepend);
    }

    /**
     * One library at one version.
     *
     * @param axis {@code djl}, {@code pytorch}, {@code tokenizers}, {@code junit}, {@code assertj}, or {@code group:artifact}
     */
    public static Stack of(String axis, String version) {
        return parse(axis + "=" + version);
    }

    /**
     * A stack from its text: {@code KEY=VALUE} separated by commas, where a key is an axis, a coordinate
     * {@code group:artifact[:classifier]}, {@code java}, {@code prepend} or {@code name}.
     *
     * @throws MatrixException if the text is none
     */
    public static Stack parse(String spec) {
        Map<String, String> versions = new LinkedHashMap<>();
        List<Path> prepend = new ArrayList<>();
        Map<String, String> once = new LinkedHashMap<>();
        for (String part : spec.split(",", -1)) {
            int equals = part.indexOf('=');
            String key = equals < 0 ? "" : part.substring(0, equals).strip();
            String value = part.substring(equals + 1).strip();
            if (key.isEmpty() || value.isEmpty()) {
                throw invalid(spec, "\"" + part + "\" is not KEY=VALUE", "djl=0.32.0,junit=6.0.1");
            }
            if (key.equals(PREPEND)) {
                prepend.add(path(spec, value));
            } else if ((isVersion(spec, key, value) ? versions : once).put(key, value) != null) {
                throw invalid(spec, key + " is given twice", "one " + key + " in each stack");
            }
        }
        Map<String, String> coordinates = Axis.expand(versions);
        versions.forEach((key, version) -> {
            if (key.contains(":")) {
                coordinates.put(key, version);
            }
        });
        Optional<Path> java = Optional.ofNullable(once.get(JAVA)).map(home -> path(spec, home));
        return new Stack(
                once.getOrDefault(NAME, defaultName(versions, java, prepend)), versions, coordinates, java, prepend);
    }

    private static boolean isVersion(String spec, String key, String value) {
        if (key.equals(NAME) || key.equals(JAVA)) {
            return false;
        }
        if (!Axis.names().contains(key) && !COORDINATE.matcher(key).matches()) {
            List<String> keys = new ArrayList<>(Axis.names());
            keys.addAll(List.of(JAVA, NAME, PREPEND));
            throw invalid(
                    spec,
                    "there is no axis \"" + key + "\"; axes are " + String.join(", ", Axis.names()),
                    NearestNames.of(key, keys, 1).get(0) + "=" + value
                            + ", or a coordinate such as org.assertj:assertj-core=" + value);
        }
        if (!VERSION.matcher(value).matches()) {
            throw invalid(spec, "\"" + value + "\" is no version of " + key, key + "=1.2.3");
        }
        return true;
    }

    private static String defaultName(Map<String, String> versions, Optional<Path> java, List<Path> prepend) {
        List<String> words = new ArrayList<>();
        versions.forEach((key, version) -> words.add(key + " " + version));
        java.ifPresent(home -> words.add(JAVA + " " + home));
        prepend.forEach(entry -> words.add(PREPEND + " " + entry));
        return words.stream().collect(Collectors.joining(", "));
    }

    private static Path path(String spec, String text) {
        try {
            return Path.of(text).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            throw invalid(spec, "\"" + text + "\" is no path", "a path of this system");
        }
    }

    private static MatrixException invalid(String spec, String why, String next) {
        return new MatrixException(MatrixProblem.INVALID_STACK, "The stack \"" + spec + "\": " + why, next);
    }

    /** Whether {@code text} is this stack's name or, where it has a single version, that. */
    boolean answersTo(String text) {
        return text.equals(name) || (versions.size() == 1 && versions.containsValue(text));
    }

    /** The version that replaces an artifact's own. The most exact coordinate decides. */
    Optional<String> versionOf(String group, String artifact, String classifier) {
        return List.of(group + ":" + artifact + ":" + classifier, group + ":" + artifact, group + ":*").stream()
                .filter(coordinates::containsKey)
                .map(coordinates::get)
                .findFirst();
    }
}
