package io.modelassay.matrix.result;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apiguardian.api.API;
import org.jspecify.annotations.Nullable;

/**
 * What a library matrix came to: every suite with every stack, against the same suite with the baseline's stack.
 *
 * @param baseline name of the stack that the others are compared with
 * @param stacks names of all stacks, in order
 * @param suites names of all suites, in order
 * @param cells every suite with every stack, suite by suite, the baseline's own cells included
 */
@API(status = API.Status.EXPERIMENTAL)
public record MatrixResult(String baseline, List<String> stacks, List<String> suites, List<CellComparison> cells) {

    /**
     * Compares {@code results} with the baseline's. A cell without a result is {@link Verdict#LOST}.
     *
     * @param results in any order
     * @throws IllegalArgumentException if the baseline is none of the stacks, a result is of another stack or suite, or a cell
     *     has two results
     */
    public static MatrixResult of(String baseline, List<String> stacks, List<String> suites, List<CellResult> results) {
        if (!stacks.contains(baseline)) {
            throw new IllegalArgumentException("The baseline " + baseline + " is none of the stacks " + stacks);
        }
        Map<List<String>, CellResult> byPlace = new HashMap<>();
        for (CellResult result : results) {
            if (!stacks.contains(result.stack()) || !suites.contains(result.suite())) {
                throw new IllegalArgumentException("Cell " + result.cell() + " is of suite " + result.suite()
                        + " and stack " + result.stack() + ", but the suites are " + suites + " and the stacks "
                        + stacks);
            }
            if (byPlace.put(List.of(result.suite(), result.stack()), result) != null) {
                throw new IllegalArgumentException("Cell " + result.cell() + " has two results");
            }
        }
        List<CellComparison> cells = new ArrayList<>();
        for (String suite : suites) {
            @Nullable CellResult before = byPlace.get(List.of(suite, baseline));
            for (String stack : stacks) {
                @Nullable CellResult result = byPlace.get(List.of(suite, stack));
                cells.add(
                        stack.equals(baseline)
                                ? CellComparison.ofBaseline(suite, stack, result)
                                : CellComparison.of(suite, stack, before, result));
            }
        }
        return new MatrixResult(baseline, List.copyOf(stacks), List.copyOf(suites), List.copyOf(cells));
    }

    /** The worst of all cells. */
    public Verdict verdict() {
        return cells.stream()
                .map(CellComparison::verdict)
                .max(Verdict::compareTo)
                .orElse(Verdict.LOST);
    }

    /** 0 if nothing got worse and every cell ran to its end, otherwise 1. */
    public int exitCode() {
        return verdict().compareTo(Verdict.REGRESSED) < 0 ? 0 : 1;
    }

    /** The cell of {@code suite} with {@code stack}. */
    CellComparison cell(String suite, String stack) {
        return cells.stream()
                .filter(cell -> cell.suite().equals(suite) && cell.stack().equals(stack))
                .findFirst()
                .orElseThrow();
    }

    boolean isBaseline(CellComparison cell) {
        return cell.stack().equals(baseline);
    }

    /** What {@code matrix.json} holds. */
    public Map<String, Object> document() {
        return JsonDocument.of(this);
    }

    /** A few plain lines for the console. */
    public List<String> summary() {
        return Summary.of(this);
    }

    /**
     * Writes {@code matrix.json}, {@code matrix.md}, {@code junit.xml} and {@code index.html}, each as a whole.
     *
     * @param folder made if it is not there
     * @return {@code index.html}
     * @throws java.io.UncheckedIOException if the folder cannot be written
     */
    public Path writeTo(Path folder) {
        return MatrixFolder.write(folder, this);
    }
}
