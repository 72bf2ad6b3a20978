package io.modelassay.matrix;

import java.io.IOException;
import java.io.Reader;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;

/** What a cell's JVM is asked to run: a properties file, which every version of every library can read. */
record CellRequest(
        Path events,
        Path testClasses,
        List<String> selected,
        List<String> includedTags,
        List<String> excludedTags,
        Map<String, String> configuration) {
    private static final String EVENTS = "events";
    private static final String TESTS = "tests";
    private static final String SELECT = "select.";
    private static final String INCLUDE = "include.";
    private static final String EXCLUDE = "exclude.";
    private static final String CONFIGURATION = "configuration.";

    void write(Path file) throws IOException {
        Properties properties = new Properties();
        properties.setProperty(EVENTS, events.toString());
        properties.setProperty(TESTS, testClasses.toString());
        number(properties, SELECT, selected);
        number(properties, INCLUDE, includedTags);
        number(properties, EXCLUDE, excludedTags);
        configuration.forEach((key, value) -> properties.setProperty(CONFIGURATION + key, value));
        try (Writer writer = Files.newBufferedWriter(file, StandardCharsets.UTF_8)) {
            properties.store(writer, null);
        }
    }

    static CellRequest read(Path file) throws IOException {
        Properties properties = new Properties();
        try (Reader reader = Files.newBufferedReader(file, StandardCharsets.UTF_8)) {
            properties.load(reader);
        }
        Map<String, String> configuration = new TreeMap<>();
        for (String key : properties.stringPropertyNames()) {
            if (key.startsWith(CONFIGURATION)) {
                configuration.put(key.substring(CONFIGURATION.length()), properties.getProperty(key));
            }
        }
        return new CellRequest(
                Path.of(properties.getProperty(EVENTS)),
                Path.of(properties.getProperty(TESTS)),
                numbered(properties, SELECT),
                numbered(properties, INCLUDE),
                numbered(properties, EXCLUDE),
                configuration);
    }

    private static void number(Properties properties, String prefix, List<String> values) {
        for (int i = 0; i < values.size(); i++) {
            properties.setProperty(prefix + i, values.get(i));
        }
    }

    private static List<String> numbered(Properties properties, String prefix) {
        List<String> values = new ArrayList<>();
        for (int i = 0; properties.containsKey(prefix + i); i++) {
            values.add(properties.getProperty(prefix + i));
        }
        return values;
    }
}
