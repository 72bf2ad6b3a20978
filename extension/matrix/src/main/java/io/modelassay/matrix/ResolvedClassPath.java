package io.modelassay.matrix;

import java.nio.file.Path;
import java.util.List;
import java.util.SortedMap;

/**
 * What a cell's JVM runs on.
 *
 * @param testClasses the folder of compiled tests
 * @param entries all entries in their order, the tests among them
 * @param libraries versions by {@code group:artifact} or {@code group:artifact:classifier}
 */
record ResolvedClassPath(Path testClasses, List<Path> entries, SortedMap<String, String> libraries) {}
