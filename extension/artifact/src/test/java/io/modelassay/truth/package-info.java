/** Test support: fixtures, the truths recorded on them, and models put together from their parts. */
package io.modelassay.truth;
