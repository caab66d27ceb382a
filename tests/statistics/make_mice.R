# Makes tests/reference/mice.json: data with holes, and what mice and survival make of it.
# Usage: Rscript make_mice.R > ../reference/mice.json    (R packages mice, survival, jsonlite)
suppressPackageStartupMessages({library(mice); library(survival); library(jsonlite)})
set.seed(20240117)
n <- 300
z <- round(rnorm(n), 4)
x <- round(0.6 * z + rnorm(n), 4)
b <- rbinom(n, 1, plogis(-0.5 + 0.8 * z))
t0 <- rexp(n, 0.1 * exp(0.5 * x + 0.7 * b + 0.3 * z))
end <- runif(n, 2, 15)
time <- round(pmin(t0, end), 4)
event <- as.integer(t0 <= end)
x[runif(n) < plogis(-1 + z)] <- NA
b[runif(n) < plogis(-1.2 - 0.5 * z)] <- NA
d <- data.frame(time, event, z, x, b = factor(b))
d$hazard <- nelsonaalen(d, time, event)
predictors <- make.predictorMatrix(d)
predictors[, "time"] <- 0
m <- 300
imputed <- mice(d, m = m, maxit = 10, method = c("", "", "", "norm", "logreg", ""),
                predictorMatrix = predictors, printFlag = FALSE, seed = 7)
fits <- with(imputed, coxph(Surv(time, event) ~ z + x + I(as.numeric(as.character(b)))))
pooled <- summary(pool(fits))
between <- pool(fits)$pooled
q <- c(1.1, 0.9, 1.25, 1.02, 0.87)
u <- c(0.04, 0.05, 0.045, 0.038, 0.052)
pools <- lapply(c(Inf, 60), function(df) {
  found <- if (is.infinite(df)) pool.scalar(q, u, n = Inf, k = 1) else pool.scalar(q, u, n = df + 1, k = 1)
  list(complete_df = if (is.infinite(df)) NULL else df, value = found$qbar, within = found$ubar,
       between = found$b, total = found$t, df = found$df, fmi = found$fmi)
})
cat(toJSON(list(
  source = paste("R", getRversion(), "mice", packageVersion("mice"), "survival",
                 packageVersion("survival"), "; tests/statistics/make_mice.R"),
  data = list(time = d$time, event = d$event, z = d$z, x = d$x, b = as.integer(as.character(d$b)),
              hazard = d$hazard),
  imputations = m,
  estimate = pooled$estimate, std_error = pooled$std.error, between = between$b,
  complete_cases = unname(coef(coxph(Surv(time, event) ~ z + x + b, d))),
  scalar = list(values = q, variances = u, pooled = pools)
), digits = 12, auto_unbox = TRUE, na = "null", null = "null"))
