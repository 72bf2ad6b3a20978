package io.modelassay.matrix;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** What {@code plan.json} holds; docs/reference.md describes the members. Paths are relative to the report where they can be. */
record PlanDocument(
        String schema,
        List<SuitePart> suites,
        List<StackPart> stacks,
        String baseline,
        SettingsPart settings,
        List<CellPart> cells) {
    record SuitePart(
            String name,
            String folder,
            @Nullable String testClasses,
            List<String> classPath,
            List<String> selected,
            List<String> includedTags,
            List<String> excludedTags) {}

    record StackPart(
            String name,
            Map<String, String> versions,
            Map<String, String> coordinates,
            @Nullable String java,
            List<String> prepend) {}

    record SettingsPart(
            long heapBytes, List<String> jvmArguments, Map<String, String> configuration, boolean offline) {}

    record CellPart(
            String id, String suite, String stack, long memoryBytes, long timeoutSeconds, boolean gpu, String digest) {}

    static PlanDocument of(MatrixPlan plan, Path report) {
        Path from = report.toAbsolutePath().normalize();
        CellSettings settings = plan.settings();
        return new PlanDocument(
                MatrixPlan.SCHEMA,
                plan.suites().stream()
                        .map(suite -> new SuitePart(
                                suite.name(),
                                relative(from, suite.folder()),
                                suite.testClasses()
                                        .map(path -> relative(from, path))
                                        .orElse(null),
                                relative(from, suite.classPath()),
                                suite.selected(),
                                suite.includedTags(),
                                suite.excludedTags()))
                        .toList(),
                plan.stacks().stream()
                        .map(stack -> new StackPart(
                                stack.name(),
                                stack.versions(),
                                stack.coordinates(),
                                stack.java().map(Path::toString).orElse(null),
                                relative(from, stack.prepend())))
                        .toList(),
                plan.baseline().name(),
                new SettingsPart(
                        settings.heapBytes(), settings.jvmArguments(), settings.configuration(), settings.offline()),
                plan.cells().stream()
                        .map(cell -> new CellPart(
                                cell.id(),
                                cell.suite().name(),
                                cell.stack().name(),
                                cell.settings().memoryBytes(),
                                cell.settings().timeout().toSeconds(),
                                cell.gpu(),
                                cell.digest()))
                        .toList());
    }

    private static List<String> relative(Path from, List<Path> paths) {
        return paths.stream().map(path -> relative(from, path)).toList();
    }

    private static String relative(Path from, Path path) {
        return from.relativize(path).toString().replace('\\', '/');
    }

    MatrixPlan plan(Path report) {
        Path from = report.toAbsolutePath().normalize();
        List<Suite> read = suites.stream()
                .map(suite -> new Suite(
                        suite.name,
                        absolute(from, suite.folder),
                        Optional.ofNullable(suite.testClasses).map(path -> absolute(from, path)),
                        absolute(from, suite.classPath),
                        suite.selected,
                        suite.includedTags,
                        suite.excludedTags))
                .toList();
        List<Stack> stacked = stacks.stream()
                .map(stack -> new Stack(
                        stack.name,
                        stack.versions,
                        stack.coordinates,
                        Optional.ofNullable(stack.java).map(Path::of),
                        absolute(from, stack.prepend)))
                .toList();
        List<Cell> celled = cells.stream()
                .map(cell -> new Cell(
                        cell.id,
                        named(read, cell.suite, Suite::name),
                        named(stacked, cell.stack, Stack::name),
                        settings(cell),
                        cell.gpu,
                        cell.digest))
                .toList();
        return MatrixPlan.restored(
                read,
                stacked,
                named(stacked, baseline, Stack::name),
                celled.get(0).settings(),
                celled);
    }

    private CellSettings settings(CellPart cell) {
        return new CellSettings(
                cell.memoryBytes,
                Duration.ofSeconds(cell.timeoutSeconds),
                settings.heapBytes,
                settings.jvmArguments,
                settings.configuration,
                settings.offline);
    }

    private static List<Path> absolute(Path from, List<String> paths) {
        return paths.stream().map(path -> absolute(from, path)).toList();
    }

    private static Path absolute(Path from, String path) {
        return from.resolve(path).normalize();
    }

    private static <T> T named(List<T> all, String name, Function<T, String> naming) {
        return all.stream()
                .filter(one -> naming.apply(one).equals(name))
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException("nothing is called " + name));
    }
}
